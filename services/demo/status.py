"""The services of the demo's provider, and what happened to them: incidents that some of the tickets are about, and planned work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, StatusSeverity
from services.commands import status
from services.commands.desk import By, Desk
from services.runtime.act import SYSTEM, Act
from services.runtime.decision import Decision

S, Is, V = ComponentState, IncidentStatus, StatusSeverity
Moment = tuple[datetime, Callable[[], Awaitable[object]]]
Hand = Callable[[datetime, str], By]
"""Whoever acts, at a time, under a key."""

SERVICES = {
    "Compute": {
        "compute-north": "Virtual machines, eu-north",
        "compute-central": "Virtual machines, eu-central",
        "bare-metal": "Bare metal",
        "kubernetes": "Managed Kubernetes",
    },
    "Storage": {
        "block-storage": "Block storage",
        "object-storage": "Object storage",
        "shared-files": "Shared files",
        "backup": "Backup",
    },
    "Network": {
        "backbone": "Backbone between regions",
        "load-balancers": "Load balancers",
        "dns": "DNS",
        "vpn": "VPN gateways",
    },
    "Access": {"portal": "Customer portal", "api": "API", "identity": "Sign-in"},
}
"""Refs and names by heading."""

ABOUT = {
    "Volumes detach from one compute node": ("block-storage", "compute-north"),
    "Kan ikke logge ind i portalen": ("identity", "portal"),
    "Packet loss between regions": ("backbone",),
    "Kubernetes nodes stay NotReady after upgrade": ("kubernetes",),
    "Backup window overlaps with our batch jobs": ("backup",),
    "Treg skriving til objektlager": ("object-storage",),
    "Certificate of the load balancer expires next week": ("load-balancers",),
}
"""The services that a story is about."""


@dataclass(frozen=True)
class Post:
    """`after` is in minutes since the incident began; status None ends it."""

    after: int
    body: str
    status: IncidentStatus | None = None
    impacts: dict[str, ComponentState] | None = None


@dataclass(frozen=True)
class Incident:
    """It began twenty minutes before the `time`th ticket of a story, or that many hours before the demo's now."""

    title: str
    severity: StatusSeverity
    impacts: dict[str, ComponentState]
    body: str
    posts: tuple[Post, ...]
    story: str = ""
    time: int = 0
    hours_ago: float = 0


INCIDENTS = (
    Incident(
        "Volumes go read-only in eu-north",
        V.MAJOR,
        {"block-storage": S.PARTIAL_OUTAGE, "compute-north": S.DEGRADED},
        "Some volumes in eu-north do not take writes. We are looking into it.",
        (
            Post(35, "One storage node lost a path to the cluster; it is being drained.", Is.IDENTIFIED),
            Post(80, "The node is out of service.", Is.MONITORING, {"block-storage": S.DEGRADED}),
            Post(140, "All volumes take writes again. No acknowledged write was lost."),
        ),
        "Volumes detach from one compute node",
        0,
    ),
    Incident(
        "Packet loss between eu-north and eu-central",
        V.MAJOR,
        {"backbone": S.DEGRADED, "vpn": S.DEGRADED},
        "We see two to four percent of packets lost between the regions.",
        (
            Post(50, "A carrier's line is at fault; traffic goes around it now.", Is.MONITORING),
            Post(180, "No loss for two hours. The carrier repairs its line."),
        ),
        "Packet loss between regions",
        1,
    ),
    Incident(
        "Sign-in fails for some customers",
        V.CRITICAL,
        {"identity": S.MAJOR_OUTAGE, "portal": S.PARTIAL_OUTAGE, "api": S.DEGRADED},
        "Sign-in by single sign-on fails. Sessions that exist go on.",
        (
            Post(25, "A certificate was not renewed in time.", Is.IDENTIFIED),
            Post(48, "Sign-in works again. We have changed how certificates are watched."),
        ),
        "Kan ikke logge ind i portalen",
        2,
    ),
    Incident(
        "Slow uploads to object storage",
        V.MINOR,
        {"object-storage": S.DEGRADED},
        "Multipart uploads are slower than usual.",
        (
            Post(90, "An index is being rebuilt, which takes longer than planned.", Is.IDENTIFIED),
            Post(320, "The index is rebuilt, and uploads are as fast as before."),
        ),
        "Treg skriving til objektlager",
        1,
    ),
    Incident(
        "Some names are answered late",
        V.MINOR,
        {"dns": S.DEGRADED},
        "One of four name servers answers late.",
        (Post(20, "It was restarted and answers in time."),),
        hours_ago=260,
    ),
    Incident(
        "Health checks of load balancers lag",
        V.INFORMATION,
        {"load-balancers": S.DEGRADED},
        "New members of a pool are taken in with some minutes' delay.",
        (Post(60, "The queue of checks is short again; we keep watching.", Is.MONITORING),),
        hours_ago=3,
    ),
)


@dataclass(frozen=True)
class Work:
    """Announced a week before it begins, `begins` hours from the demo's now; negative is past."""

    title: str
    body: str
    impacts: dict[str, ComponentState]
    begins: float
    hours: float
    called_off: str = ""


WORKS = (
    Work("New core switches in eu-north", "Short breaks of a minute are possible.", {"backbone": S.UNDER_MAINTENANCE}, -350, 3),
    Work(
        "Upgrade of the storage cluster",
        "Volumes stay readable and writable; latency may be higher.",
        {"block-storage": S.UNDER_MAINTENANCE, "shared-files": S.UNDER_MAINTENANCE},
        -170,
        4,
    ),
    Work("New version of the portal", "The portal is away for a quarter of an hour.", {"portal": S.MAJOR_OUTAGE}, -60, 0.25),
    Work(
        "Move of the backup vaults",
        "Restores wait until it is done.",
        {"backup": S.UNDER_MAINTENANCE},
        40,
        6,
        "The new room is not ready; there will be another date.",
    ),
    Work("Kernel updates in eu-central", "Machines are moved live.", {"compute-central": S.UNDER_MAINTENANCE}, 52, 5),
    Work("Renewal of VPN gateways", "Tunnels are set up anew, once.", {"vpn": S.UNDER_MAINTENANCE}, 100, 2),
)


@dataclass
class StatusPage:
    """`admin` and `agent` act; `now` is when the story ends."""

    desk: Desk
    admin: Hand
    agent: Hand
    now: datetime
    components: dict[str, UUID] = field(default_factory=dict)
    running: dict[UUID, frozenset[str]] = field(default_factory=dict)

    async def open(self, at: datetime) -> None:
        """Put all services on it."""
        for group, services in SERVICES.items():
            for ref, name in services.items():
                by = self.admin(at, f"component/{ref}")
                receipt = await status.register_component(self.desk, by, ref=ref, name=name, group=group)
                self.components[ref] = UUID(receipt.ids["component"])

    def about(self, story: str) -> list[UUID]:
        """The services of a story's tickets."""
        return [self.components[ref] for ref in ABOUT.get(story, ())]

    def moments(self, opened: Sequence[tuple[str, datetime]]) -> list[Moment]:
        """Everything that happens, each with its time. `opened` are the stories of all tickets with the times of their first words."""
        told: list[Moment] = []
        for number, incident in enumerate(INCIDENTS):
            times = [at for story, at in opened if story == incident.story]
            began = self.now - timedelta(hours=incident.hours_ago)
            if incident.story:
                began = times[incident.time] - timedelta(minutes=20)
            told += self._incident(number, incident, began)
        for number, work in enumerate(WORKS):
            told += self._work(number, work)
        return [moment for moment in told if moment[0] <= self.now]

    async def link(self, ticket: UUID, story: str, at: datetime, key: str) -> None:
        """Tie a ticket to the incidents that run on its services."""
        for incident, services in self.running.items():
            if services & set(ABOUT.get(story, ())):
                await status.link_ticket(self.desk, self.agent(at, f"{key}/incident"), incident, ticket)

    def _incident(self, number: int, incident: Incident, began: datetime) -> list[Moment]:
        notices: list[UUID] = []

        async def declare(at: datetime) -> None:
            new = status.NewIncident(incident.title, incident.severity, self._impacts(incident.impacts), incident.body, began)
            receipt = await status.declare_incident(self.desk, self.agent(at, f"incident/{number}"), new)
            notices.append(UUID(receipt.ids["notice"]))
            self.running[notices[0]] = frozenset(incident.impacts)

        async def tell(place: int, post: Post, at: datetime) -> None:
            by = self.agent(at, f"incident/{number}/{place}")
            if post.status is None:
                await status.resolve_incident(self.desk, by, notices[0], body=post.body)
                self.running.pop(notices[0], None)
            else:
                impacts = None if post.impacts is None else self._impacts(post.impacts)
                await status.post_update(self.desk, by, notices[0], status.Post(post.body, post.status, impacts))

        def posted(place: int, post: Post) -> Moment:
            at = began + timedelta(minutes=post.after)
            return at, lambda: tell(place, post, at)

        declared = began + timedelta(minutes=8)
        return [(declared, lambda: declare(declared)), *(posted(place, post) for place, post in enumerate(incident.posts))]

    def _work(self, number: int, work: Work) -> list[Moment]:
        begins = self.now + timedelta(hours=work.begins)
        ends = begins + timedelta(hours=work.hours)
        announced = min(begins - timedelta(days=7), self.now - timedelta(hours=2))
        notices: list[UUID] = []

        async def schedule() -> None:
            new = status.NewMaintenance(work.title, self._impacts(work.impacts), work.body, begins, ends)
            receipt = await status.schedule_maintenance(self.desk, self.agent(announced, f"work/{number}"), new)
            notices.append(UUID(receipt.ids["notice"]))

        async def turn(at: datetime) -> None:
            async def decide(decision: Decision) -> None:
                await status.begin_or_end(decision, notices[0], at)

            await self.desk.writer.decide(Act(actor=SYSTEM, at=at, correlation=notices[0]), decide)

        async def call_off(at: datetime) -> None:
            await status.cancel_maintenance(self.desk, self.agent(at, f"work/{number}/off"), notices[0], body=work.called_off)

        told: list[Moment] = [(announced, schedule), (begins, lambda: turn(begins)), (ends, lambda: turn(ends))]
        off = self.now - timedelta(hours=1)
        return [*told, (off, lambda: call_off(off))] if work.called_off else told

    def _impacts(self, impacts: dict[str, ComponentState]) -> list[ComponentImpact]:
        return [ComponentImpact(self.components[ref], state) for ref, state in impacts.items()]
