"""A public post on an incident or planned work, as it stood when it was told: read from the log, which says exactly that.

Nothing here lags: the notice is replayed up to the post, and a service's name stands in its first event for ever.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.event import DomainEvent
from domain.status import events as e
from domain.status.incident import StatusIncident
from domain.status.maintenance import Maintenance
from domain.status.vocabulary import ComponentImpact, ComponentState, IncidentStatus, MaintenanceStatus, StatusSeverity
from services.runtime.codec import Codec
from services.runtime.command import RecordedEvent
from services.runtime.event_log import EventLog

POSTS: tuple[type[DomainEvent], ...] = (
    e.IncidentDeclared,
    e.IncidentUpdatePosted,
    e.IncidentResolved,
    e.MaintenanceScheduled,
    e.MaintenanceStarted,
    e.MaintenanceUpdatePosted,
    e.MaintenanceCompleted,
    e.MaintenanceCancelled,
)
KEPT = 64
"""Posts kept in memory: those that are being told now, to many."""
WELL = ComponentState.OPERATIONAL


@dataclass(frozen=True)
class Post:
    """`row` is the event that told it. `services`: all that the notice has touched so far, whose subscribers hear of it.

    `states` are by name; `body` is None where time did it; `last` says whether nothing was told on the notice since.
    """

    row: RecordedEvent
    notice: UUID
    aggregate: str
    ref: str
    title: str
    severity: StatusSeverity
    what: str
    state: str
    body: str | None
    services: frozenset[UUID]
    states: tuple[tuple[str, ComponentState], ...]
    tickets: frozenset[UUID]
    over: bool
    last: bool
    begins: datetime | None = None
    ends: datetime | None = None

    @property
    def about(self) -> str:
        """The `ce-id` of its event."""
        return f"{self.row.stream}/{self.row.version}"


class Posts:
    """Reads them. Whoever tells one post to thousands reads it once."""

    def __init__(self, log: EventLog, codec: Codec) -> None:
        self._log = log
        self._codec = codec
        self._kept: OrderedDict[str, Post] = OrderedDict()
        self._names: dict[UUID, str] = {}

    async def read(self, about: str) -> Post:
        """The post by its `ce-id`."""
        if about not in self._kept:
            stream, _, version = about.partition("/")
            self._kept[about] = await self._read(UUID(stream), int(version))
        self._kept.move_to_end(about)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[about]

    async def fresh(self, about: str) -> Post:
        """The same, with `last` as it is now."""
        self._kept.pop(about, None)
        return await self.read(about)

    async def _read(self, stream: UUID, version: int) -> Post:
        rows = await self._log.stream(stream)
        notice: StatusIncident | Maintenance | None = None
        services: dict[UUID, None] = {}
        for row in rows[:version]:
            event = self._codec.event(row)
            notice = cast("StatusIncident | Maintenance", event.mutate(notice))
            services.update((each.component, None) for each in notice.impacts)
        if notice is None or len(rows) < version:
            raise LookupError(f"there is no event {stream}/{version}")
        later = {each.TOPIC for each in POSTS}
        states = await self._states(notice.impacts, services, over=_is_over(notice))
        return Post(
            row=rows[version - 1],
            notice=stream,
            aggregate=notice.TOPIC,
            ref=notice.ref,
            title=notice.title,
            severity=notice.severity,
            what=_WHAT[type(event)],
            state=notice.status.value,
            body=getattr(event, "body", None),
            services=frozenset(services),
            states=states,
            tickets=frozenset(notice.tickets),
            over=_is_over(notice),
            last=not any(row.topic in later for row in rows[version:]),
            begins=notice.from_ if isinstance(notice, Maintenance) else None,
            ends=notice.to if isinstance(notice, Maintenance) else None,
        )

    async def _states(
        self, impacts: Sequence[ComponentImpact], services: dict[UUID, None], *, over: bool
    ) -> tuple[tuple[str, ComponentState], ...]:
        """What it does to each service; what it does no more, or not any longer, is well."""
        now = {} if over else {each.component: each.state for each in impacts}
        return tuple([(await self._name(each), now.get(each, WELL)) for each in services])

    async def _name(self, component: UUID) -> str:
        if component not in self._names:
            first = self._codec.event((await self._log.stream(component))[0])
            assert isinstance(first, e.ComponentRegistered)
            self._names[component] = first.name
        return self._names[component]


def _is_over(notice: StatusIncident | Maintenance) -> bool:
    return notice.status in (IncidentStatus.RESOLVED, MaintenanceStatus.COMPLETED, MaintenanceStatus.CANCELLED)


_WHAT: dict[type[DomainEvent], str] = {
    e.IncidentDeclared: "New incident",
    e.IncidentUpdatePosted: "Update",
    e.IncidentResolved: "Resolved",
    e.MaintenanceScheduled: "Planned maintenance",
    e.MaintenanceStarted: "Maintenance begins",
    e.MaintenanceUpdatePosted: "Maintenance update",
    e.MaintenanceCompleted: "Maintenance completed",
    e.MaintenanceCancelled: "Maintenance cancelled",
}
