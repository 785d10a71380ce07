"""The demo data: told as anybody's commands would have told it, the same again from the same seed, and nothing left for time to do."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from domain.tickets.vocabulary import Channel
from projections.all import ALL
from services.cli.wiring import scheduled
from services.demo.course import Report
from services.demo.customers import STAFF, customers
from services.demo.plan import SCALES, Scale, planned
from services.runtime.clock import Clock
from services.runtime.cloudevents import Naming
from services.runtime.postgres import Login
from services.scheduler import Scheduler
from tests.ground import Databases, TestDatabase
from tests.services.commands.desk import World
from tests.services.demo.telling import UNTIL, telling
from tests.services.projector.ground import ground

pytestmark = pytest.mark.anyio
NAMING = Naming("https://support.example.eu", "eu.support-desk")
FEW = Scale(tickets=24, organisations=6, days=30, rooms=True)
SOME = Scale(tickets=120, organisations=20, days=91, rooms=True)
TOPICS = "SELECT topic, count(*) FROM store.stored_events GROUP BY topic"


async def test_the_same_seed_tells_the_same_events_whatever_runs_beside_what_and_wherever_it_was_cut_off(
    databases: Databases,
) -> None:
    """Names, texts, ids, numbers and times: streams are compared event by event, decrypted."""
    at_once, one_by_one = databases.fresh(), databases.fresh()
    async with telling(at_once) as first, telling(one_by_one) as second:
        await first.told(FEW)
        with pytest.raises(ExceptionGroup):
            await second.told(FEW, at_once=1, report=_cut_off_after(200))
        await second.told(FEW, at_once=3)
        streams = await first.streams()
        assert len(streams) > FEW.tickets
        assert streams == await second.streams()
        assert first.known == list(STAFF)
        again = await first.told(FEW)
        assert again.already
        assert streams == await first.streams()


def _cut_off_after(moments: int) -> Report:
    def report(done: int, _total: int) -> None:
        if done == moments:
            raise KeyError("the power went off")

    return report


async def test_another_seed_tells_another_quarter() -> None:
    few = SCALES["small"]
    one, other = (planned(seed, few, UNTIL) for seed in (1, 2))
    assert [each.subject for each in one] != [each.subject for each in other]


async def test_history_lies_in_the_past_has_every_kind_of_thing_and_leaves_nothing_for_time_to_do(
    database: TestDatabase,
) -> None:
    async with telling(database) as on:
        done = await on.told(SOME)
        rows = await on.on.recording.as_owner(TOPICS)
        told = {row[0]: row[1] for row in rows}
        late = await on.on.recording.as_owner("SELECT count(*) FROM store.stored_events WHERE occurred_at > $1", UNTIL)
        assert late[0][0] == 0
        assert told["component.registered.v1"] == 15
        assert told["organisation.registered.v1"] == done.organisations == 20
        assert told["incident.declared.v1"] == told["incident.resolved.v1"] + 1
        assert told["ticket.incident_linked.v1"] == told["incident.ticket_linked.v1"] >= 3
        missing = {
            "ticket.sla_breached.v1", "ticket.sla_imminent.v1", "ticket.internal_note_added.v1", "ticket.phone_call_logged.v1",
            "ticket.closed.v1", "ticket.reopened.v1", "ticket.satisfaction_rated.v1", "ticket.message_redacted.v1",
            "maintenance.cancelled.v1", "contract.activated.v1", "contract.plan_changed.v1", "contract.suspended.v1",
            "contract.expired.v1", "contract.service_manager_assigned.v1", "contact.email_verified.v1", "subscription.confirmed.v1",
            "subscription.confirmation_expired.v1", "chat_access.approved.v1", "chat_access.revoked.v1", "engagement.completed.v1",
            "engagement.reminder_due.v1", "knowledge.published.v1", "topic.answered.v1", "meeting.held.v1",
            "meeting.pack_frozen.v1", "delivery.queued.v1",
        } - told.keys()  # fmt: skip
        assert missing == set()
        await _time_finds_nothing(database, on.on)


async def _time_finds_nothing(database: TestDatabase, on: World) -> None:
    recording = on.recording
    async with ground(database) as read:
        await read.project(*ALL)
    rooms, path = scheduled(recording.store, recording.writer, recording.codec, NAMING, on.desk.policies)
    clock = _Still()
    pool = await Login(database.settings.postgres("project"), settings={"search_path": path}).pool(largest=2)
    head = await recording.store.head()
    try:
        await Scheduler(pool, rooms, on.desk.policies.now, clock).look()
    finally:
        await pool.close()
    recorded = await recording.store.read(head.number, 10)
    assert [(row.topic, row.occurred_at) for row in recorded] == []


class _Still(Clock):
    def __init__(self) -> None:
        super().__init__(None)

    def now(self) -> datetime:
        return UNTIL


async def test_a_quarter_is_as_varied_as_one_is() -> None:
    cases = await asyncio.to_thread(planned, 20260701, SCALES["full"], UNTIL)
    assert len(cases) == 2000
    assert all(UNTIL - timedelta(days=91) <= case.opens_at <= UNTIL for case in cases)
    assert len({case.subject for case in cases}) > 700
    assert len({case.body for case in cases}) > 1900
    languages = Counter(case.story.language for case in cases)
    assert all(languages[language] >= 40 for language in ("da", "nb", "sv"))
    assert languages["en"] > 1400
    channels = Counter(case.channel for case in cases)
    assert all(channels[channel] > 60 for channel in (Channel.EMAIL, Channel.PHONE, Channel.PORTAL))
    busiest = [count for _, count in Counter(case.customer.ref for case in cases).most_common()]
    assert busiest[0] > 5 * busiest[-1]
    assert len(busiest) == len(customers()) == 40
    weekend = sum(case.opens_at.weekday() > 4 for case in cases)
    assert weekend < len(cases) / 6
    assert not any("{" in text for case in cases for text in (case.subject, case.body, *(said for _, _, said in case.steps)))
