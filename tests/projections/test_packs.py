"""Review packs: what they hold, that nothing later changes them, and that the log alone gives the same bytes again."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest

from domain.engagements.vocabulary import EngagementKind
from domain.errors import Refused
from domain.event import DomainEvent
from domain.meetings.events import MeetingPackFrozen
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.vocabulary import OwnerKind
from domain.status.vocabulary import ComponentImpact, ComponentState, StatusSeverity
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import ReopenCause, Resolution
from projections.meeting_packs import packs_of
from projections.meetings import meetings as planned
from projections.meetings import meetings_by_id
from projections.report_facts import report_facts
from projections.review_pack import live_pack, read
from projections.review_pack_subject import Packed, Subject
from projections.snapshot import ReadBlocked
from projections.viewer import Role, Viewer
from services.commands import contracts, engagements, meetings, status
from services.commands.desk import By
from services.commands.desk import Desk as Writing
from services.projector.packs import Frozen, as_json, frozen_packs, packing, reproduce
from services.runtime.act import Act, Actor, ActorKind
from tests.projections.desk import AGENT, Desk, customer
from tests.projections.history import History
from tests.services.commands.desk import Shipped
from tests.services.recording import STAFF

pytestmark = pytest.mark.anyio
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ADMIN = Viewer(Role.ADMIN, STAFF.id)
JOIN = "https://meet.example.org/acme"
READ = (report_facts, planned)
"""What is read here; to bring all read models to the head takes ten times as long."""


@dataclass
class Provider:
    """A desk with a customer, their contract and a meeting, and one quarter of life."""

    desk: Desk
    home: UUID
    boss: UUID
    contract: UUID
    meeting: UUID
    history: History

    @property
    def writing(self) -> Writing:
        async def anybody(_: UUID) -> bool:
            return True

        return Writing(self.desk.ground.recording.writer, Shipped(), anybody)

    def by(self, viewer: Viewer = ADMIN) -> By:
        kind = ActorKind.CONTACT if viewer.is_customer else ActorKind.STAFF
        return By(viewer, Act(actor=Actor(kind, viewer.id), at=self.desk.now, correlation=uuid4()))

    async def live(self, subject: Subject) -> Packed:
        """From the live tables, brought to the head, in one snapshot."""
        await self.desk.ground.project(*READ)
        connection = self.desk.readers.connection
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await live_pack(connection, subject)

    async def freeze(self) -> MeetingPackFrozen:
        await meetings.freeze_pack(self.writing, self.by(), self.meeting, self.live)
        event = (await self.desk.ground.events(self.meeting))[-1]
        assert isinstance(event, MeetingPackFrozen)
        return event

    async def frozen(self) -> list[Frozen]:
        return await frozen_packs(self.desk.ground.connect, self.desk.ground.reader.fresh())

    async def again(self, packs: list[Frozen]) -> list[bool]:
        done = await reproduce(self.desk.ground.connect, self.desk.ground.reader.fresh(), packs)
        return [each.equal for each in done]


async def provider(desk: Desk, tickets: int = 12, steps: int = 60) -> Provider:
    home, other = await desk.organisation("acme"), await desk.organisation("zenith")
    boss, rival = await desk.contact("Wilhelmina Boss", home), await desk.contact("Zoe Rival", other)
    made = Provider(desk, home, boss, home, home, History(desk, {home: boss, other: rival}, 7))
    receipt = await contracts.draft(
        made.writing, made.by(), organisation=home, ref="C-1", product="SUPPORT-premium", from_=desk.now - DAY
    )
    made.contract = UUID(receipt.ids["contract"])
    await contracts.activate(made.writing, made.by(), made.contract)
    compute = await status.register_component(made.writing, made.by(), ref="compute", name="Compute", group="All")
    storage = await status.register_component(made.writing, made.by(), ref="storage", name="Storage", group="All")
    service = UUID(compute.ids["component"])
    await contracts.cover_service(made.writing, made.by(), made.contract, service)
    desk.now += DAY
    hit = ((service, ComponentState.MAJOR_OUTAGE), (UUID(storage.ids["component"]), ComponentState.DEGRADED))
    impacts = [ComponentImpact(*each) for each in hit]
    new = status.NewIncident("Down", StatusSeverity.MAJOR, impacts, "We look.", desk.now - HOUR)
    incident = await status.declare_incident(made.writing, made.by(), new)
    desk.now += HOUR
    await status.resolve_incident(made.writing, made.by(), UUID(incident.ids["notice"]), body="Over.")
    await engagements.request(made.writing, made.by(customer(boss, home)), EngagementKind.MIGRATION, "Help")
    planned = await meetings.schedule(made.writing, made.by(), made.contract, 2026, 3, desk.now + 80 * DAY, HOUR, JOIN)
    made.meeting = UUID(planned.ids["meeting"])
    for due in (None, (desk.now + DAY).date()):
        await meetings.raise_action_item(made.writing, made.by(), made.meeting, "Order disks", boss, OwnerKind.CONTACT, due)
    await made.history.tell(tickets, steps)
    return made


async def late(made: Provider, frozen_at: datetime) -> None:
    """Things recorded after the pack, some of which happened before it: resolutions, reopenings, merges, an erasure, a task done."""
    desk, mine = made.desk, [*made.history.tickets]
    for number, ticket in enumerate(mine):
        before = frozen_at - (number + 1) * HOUR
        for command, more in (
            (Ticket.resolve, {"resolution": Resolution.SOLVED, "reopenable_until": before + 90 * DAY}),
            (Ticket.reopen, {"because": ReopenCause.STAFF}),
            (Ticket.mark_as_spam, {}),
        ):
            with contextlib.suppress(Refused):
                await desk.do_at(ticket, command, before, **more)
    for ticket in mine:
        await made.history.attempt(ticket)
    await desk.erase(made.boss)
    item = next(iter((await _meeting(made)).actions))
    await meetings.complete_action_item(made.writing, made.by(), made.meeting, item)


async def _meeting(made: Provider) -> OperationsMeeting:
    found: OperationsMeeting | None = None
    event: DomainEvent
    for event in await made.desk.ground.events(made.meeting):
        found = event.mutate(found)
    assert found is not None
    return found


async def test_a_pack_holds_the_four_points_of_the_agenda_and_nobodys_name(desk: Desk) -> None:
    made = await provider(desk)
    event = await made.freeze()
    pack = read(event.pack)
    assert sha256(event.pack.encode()).hexdigest() == event.sha256
    assert (pack.organisation, pack.contract, pack.quarter, pack.to) == (made.home, made.contract, "2026-Q3", event.timestamp)
    assert pack.position == f"{event.epoch}.{event.position}"
    assert {row.keys for row in pack.sla} >= {("FIRST_RESPONSE",), ("RESOLUTION",)}
    (uptime,) = pack.availability  # the contract covers one of two services
    assert (uptime.ref, uptime.down, uptime.incidents) == ("compute", 2 * HOUR // timedelta(microseconds=1), 1)
    assert len(pack.tickets) == len(pack.backlog) >= 2
    general = pack.operations
    assert [each.title for each in general.incidents] == ["Down"]
    assert (general.engagements_requested, general.engagements_open) == (1, 1)
    assert (general.actions_open, general.actions_overdue) == (2, 1)
    for word in ("Wilhelmina", "Boss", "acme", "Order disks", "network is down"):
        assert word not in event.pack
    json.loads(event.pack, parse_float=lambda text: pytest.fail(f"{text} is no whole number"))
    assert json.dumps(json.loads(event.pack), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == event.pack


async def test_what_is_recorded_later_changes_no_pack_and_the_log_gives_the_same_bytes_again(desk: Desk) -> None:
    made = await provider(desk)
    event = await made.freeze()
    (before,) = await made.frozen()
    await late(made, event.timestamp)
    await desk.ground.project(*READ)
    viewer = Viewer(Role.AUDITOR, uuid4())
    (shown,) = await packs_of(desk.readers, viewer, [made.meeting])
    assert (shown.pack, shown.sha256, shown.position) == (event.pack, event.sha256, event.position)
    assert (await meetings_by_id(desk.readers, viewer, [made.meeting]))[0].packed
    (frozen,) = await made.frozen()
    assert frozen == before
    assert await made.again([frozen]) == [True]
    now = await made.live(frozen.subject)  # and late events do count where one asks anew
    assert read(now.text).tickets != read(event.pack).tickets


async def test_where_no_projector_runs_the_log_alone_gives_the_same_packs_as_it_grows(desk: Desk) -> None:
    made = await provider(desk, tickets=3, steps=5)
    async with packing(desk.ground.connect, desk.ground.reader.fresh()) as packs:
        await meetings.freeze_pack(made.writing, made.by(), made.meeting, packs)
        (frozen,) = await made.frozen()
        await made.history.tell(2, 10)
        subject = replace(frozen.subject, to=desk.now)
        assert (await packs(subject)).text == (await made.live(subject)).text
    assert await made.again([frozen]) == [True]


async def test_a_pack_that_is_not_what_the_log_says_is_found_out(desk: Desk) -> None:
    made = await provider(desk, tickets=3, steps=5)
    await made.freeze()
    (frozen,) = await made.frozen()
    other = frozen.text.replace('"opened":', '"opened":1')
    forged = replace(frozen, text=other, sha256=sha256(other.encode()).hexdigest())
    moved = replace(frozen, position=frozen.position - 3)
    torn = replace(frozen, text=other)
    assert await made.again([forged, moved, torn]) == [False, False, False]
    done = await reproduce(desk.ground.connect, desk.ground.reader.fresh(), [frozen, torn])
    told = json.loads(as_json(done))
    assert (told["equal"], [each["equal"] for each in told["packs"]]) == (False, [True, False])


async def test_a_cancelled_meetings_pack_is_gone_and_a_new_one_is_frozen(desk: Desk) -> None:
    made = await provider(desk, tickets=3, steps=5)
    first = await made.freeze()
    await meetings.change(made.writing, made.by(), made.meeting, OperationsMeeting.cancel, at=desk.now)
    await meetings.schedule(made.writing, made.by(), made.contract, 2026, 3, desk.now + 80 * DAY, HOUR, JOIN)
    assert await made.frozen() == []
    await made.history.tell(2, 4)
    again = await made.freeze()
    assert again.position > first.position
    assert await made.again(await made.frozen()) == [True]


async def test_figures_that_may_be_wrong_are_not_fixed_and_nobody_elses_are_held_up(desk: Desk) -> None:
    made = await provider(desk, tickets=0, steps=0)
    ticket = await desk.open(made.boss, made.home)
    await desk.ground.project(*READ)
    connection = await desk.ground.connect([])
    try:
        await connection.execute(
            "INSERT INTO projector.parked(projection, version, stream, position, topic, error, attempts, since)"
            " SELECT 'report_facts', 1, originator_id, notification_id, topic, 'Undecodable', 1, now()"
            " FROM store.stored_events WHERE originator_id = $1",
            ticket,
        )
    finally:
        await connection.close()
    quarter = datetime(2026, 6, 30, 22, tzinfo=UTC)
    mine = Subject(made.meeting, made.home, made.contract, "2026-Q3", "Europe/Copenhagen", quarter, desk.now)
    async with desk.readers.connection.transaction(isolation="repeatable_read", readonly=True):
        with pytest.raises(ReadBlocked):
            await live_pack(desk.readers.connection, mine)
        await live_pack(desk.readers.connection, replace(mine, organisation=uuid4()))


async def test_a_customer_sees_their_meetings_and_packs_alone(desk: Desk) -> None:
    made = await provider(desk, tickets=2, steps=2)
    await made.freeze()
    await desk.ground.project(*READ)
    mine, rival = customer(made.boss, made.home), customer(uuid4(), uuid4())
    guide = Viewer(Role.SERVICE_MANAGER, uuid4(), organisations=frozenset({made.home}))
    for viewer, sees in (
        (mine, 1),
        (rival, 0),
        (guide, 1),
        (replace(guide, organisations=frozenset({uuid4()})), 0),
        (AGENT, 1),
    ):
        db = desk.db(viewer)
        assert len(await meetings_by_id(db, viewer, [made.meeting])) == sees
        assert len(await packs_of(db, viewer, [made.meeting])) == sees
