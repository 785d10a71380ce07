"""Status posts reach whom they are for, once, on each one's channel; nobody else hears anything."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from domain.deliveries.vocabulary import NotificationChannel
from domain.status.vocabulary import ComponentImpact, IncidentStatus, StatusSeverity
from domain.subscriptions.refusals import TokenRefused
from domain.subscriptions.subscription import StatusSubscription
from domain.subscriptions.vocabulary import DigestMode, DisableReason, QuietHours
from services.commands import erasure, status, subscriptions
from services.runtime.decision import Decision
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN, AGENT
from tests.services.commands.test_subscriptions import TOKEN, asked
from tests.services.notifier.desk import NotifyingDesk, S, notifying_desk

pytestmark = pytest.mark.anyio
V = StatusSeverity
NIGHT = QuietHours("22:00", "06:00", "Europe/Copenhagen")
GSM = re.compile(r"[A-Za-z0-9 .,:;?!()'\"/+\-]*")


async def test_a_post_is_told_on_every_channel_in_its_own_form_and_a_mail_can_be_unsubscribed(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        mailed = await desk.subscribed(anna, "anna@acme.example")
        await desk.subscribed(anna, "+4570123456", NotificationChannel.SMS)
        await desk.subscribed(anna, "https://hooks.acme.example/", NotificationChannel.WEBHOOK)
        await desk.start()
        incident = await desk.incident(disks, title="Slow disks – “all” of them [north]")
        await desk.settled()
        by = {told.event.channel: told for told in await desk.outbox()}
        mail, text, hook = (by[channel] for channel in NotificationChannel)
        assert len(await desk.outbox()) == 3
        assert {told.event.about for told in by.values()} == {f"{incident}/1"}
        assert {told.causation for told in by.values()} == {f"1/{incident}/1"}
        assert mail.subject.startswith("INC-1 New incident: Slow disks")
        for said in ("Severity: major", "Status: investigating", "- Disks: degraded", "We look into it."):
            assert said in mail.text
        assert text.event.subject is None
        assert GSM.fullmatch(text.text), text.text
        assert text.text.startswith('INC-1 New incident: Slow disks - "all" of them (north). Disks. We look')
        event = json.loads(hook.text)
        assert event["specversion"] == "1.0"
        assert (event["id"], event["source"]) == (f"{incident}/1", "https://support.example.eu/log/1")
        assert event["type"] == "eu.support-desk.incident.declared.v1"
        assert (event["noticeref"], event["data"]["body"]) == ("INC-1", "We look into it.")
        assert str(AGENT.id) not in hook.text
        assert str(anna.id) not in hook.text
        assert text.text.endswith("We look into it. Stop: support portal.")
        (leave,) = TOKEN.findall(mail.text)
        assert leave not in json.dumps(await on.recording.as_owner("SELECT * FROM store.lookups"), default=repr)
        await subscriptions.unsubscribe(on.desk, on.by(ADMIN).act, event["unsubscribetoken"])
        await subscriptions.unsubscribe(on.desk, on.by(ADMIN).act, leave)
        await status.resolve_incident(on.desk, on.by(AGENT), incident, body="Over.")
        await desk.settled()
        told = await desk.outbox()
        assert [each.suppressed for each in told if each.event.subject_id == mailed] == ["CANCELLED"]
        assert sorted(each.event.channel for each in told if each.event.about == f"{incident}/2") == ["SMS"]
        for wrong in (leave, leave[:-2] + "AA", "AAAA" + leave[4:]):
            with pytest.raises(TokenRefused):
                await subscriptions.unsubscribe(on.desk, on.by(ADMIN).act, wrong)


async def test_times_are_told_in_the_time_zone_that_the_subscriber_has_named(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        on.at = datetime(2026, 10, 24, 12, tzinfo=UTC)
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.subscribed(anna, "anna@acme.example", floor=V.INFORMATION, quiet=NIGHT)
        await desk.subscribed(anna, "+4570123456", NotificationChannel.SMS, floor=V.INFORMATION, quiet=NIGHT)
        await desk.start()
        impacts, midnight = [ComponentImpact(disks, S.UNDER_MAINTENANCE)], datetime(2026, 10, 25, tzinfo=UTC)
        for begin in (midnight, midnight + timedelta(hours=3)):
            new = status.NewMaintenance("Firmware", impacts, "**Disks** restart.", begin, begin + timedelta(hours=2))
            await status.schedule_maintenance(on.desk, on.by(AGENT), new)
        await desk.settled()
        said = "\n".join(each.text for each in await desk.outbox())
        assert "Posted: 2026-10-24 14:00 CEST\nPlanned: 2026-10-25 02:00 CEST to 03:00 CET" in said
        assert "MNT-2 Planned maintenance: Firmware. 2026-10-25 04:00 to 06:00 CET. Disks. Disks restart." in said


FLOORS, STATES = (V.INFORMATION, V.MINOR, V.MAJOR, V.CRITICAL), ("ACTIVE", "PAUSED", "DISABLED", "CANCELLED", "WAITING")


async def test_the_table_of_who_is_told(database: TestDatabase) -> None:
    """scope × floor × quiet hours × digest × state of the subscription, against one post on one service at each severity."""
    async with notifying_desk(database) as desk:
        on = desk.on
        on.at = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)  # 23:30 in Copenhagen
        disks, net = await desk.component("disks"), await desk.component("net")
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        cases: dict[UUID, tuple[str, V, bool, DigestMode, str]] = {}
        scopes: dict[str, list[UUID]] = {"all": [], "hit": [disks, net], "other": [net]}
        table = [("all", floor, False, DigestMode.IMMEDIATE, "ACTIVE") for floor in FLOORS]
        table += [("hit", V.MINOR, quiet, mode, "ACTIVE") for quiet, mode in product((False, True), DigestMode)]
        table += [("other", V.INFORMATION, False, DigestMode.IMMEDIATE, "ACTIVE")]
        table += [("all", V.INFORMATION, True, DigestMode.HOURLY, state) for state in STATES]
        for number, case in enumerate(table):
            scope, floor, quiet, mode, state = case
            where = f"p{number}@acme.example"
            if state == "WAITING":
                cases[await asked(on, anna, where)] = case
                continue
            id = await desk.subscribed(
                anna, where, services=scopes[scope], floor=floor, quiet=NIGHT if quiet else None, urgent=V.CRITICAL, digest=mode
            )
            cases[id] = case
            match state:
                case "PAUSED":
                    await subscriptions.change(on.desk, on.by(anna), id, StatusSubscription.pause, at=on.at)
                case "DISABLED":
                    disable, why = StatusSubscription.disable, DisableReason.FAILURES
                    await subscriptions.change(on.desk, on.by(ADMIN), id, disable, why, at=on.at)
                case "CANCELLED":
                    await subscriptions.cancel(on.desk, on.by(anna), id)
        await desk.start()
        incidents = {await desk.incident(disks, severity=severity): severity for severity in V}
        await desk.settled()
        told = {(each.event.subject_id, UUID(each.event.about[:36])): each.event.not_before for each in await desk.outbox()}
        collected = 0
        for (id, case), (incident, severity) in product(cases.items(), incidents.items()):
            scope, floor, quiet, mode, state = case
            wanted = state == "ACTIVE" and scope != "other" and [*V].index(severity) >= [*V].index(floor)
            urgent = severity is V.CRITICAL
            if wanted and mode is not DigestMode.IMMEDIATE and not urgent:
                collected, wanted = collected + 1, False
            held = datetime(2026, 7, 2, 4, tzinfo=UTC) if quiet and not urgent else None
            assert told.get((id, incident), "nothing") == (held if wanted else "nothing"), (case, severity)
        assert await desk.digests() == collected > 0


async def test_who_comes_after_a_post_is_not_told_of_it_however_late_it_is_dealt_with(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        disks, on = await desk.component("disks"), desk.on
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.start()
        await desk.stop()
        incident = await desk.incident(disks)
        late = await desk.subscribed(anna, "late@acme.example")
        await desk.post(incident)
        await desk.start()
        await desk.settled()
        assert [(each.event.subject_id, each.event.about) for each in await desk.outbox()] == [(late, f"{incident}/2")]


async def test_nobody_is_told_of_what_happened_before_the_first_start_of_all(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        disks, on = await desk.component("disks"), desk.on
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.subscribed(anna, "anna@acme.example")
        incident = await desk.incident(disks)
        await desk.start()
        await desk.settled()
        assert await desk.outbox() == []
        await desk.post(incident)
        await desk.settled()
        assert await desk.to() == ["anna@acme.example"]


async def test_after_two_days_away_an_open_notice_is_told_once_as_it_stands(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        disks, on = await desk.component("disks"), desk.on
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.subscribed(anna, "anna@acme.example")
        await desk.start()
        await desk.stop()
        still, over = await desk.incident(disks), await desk.incident(disks, title="Other")
        for _ in range(10):
            await desk.post(still)
            await desk.post(over)
        await status.resolve_incident(on.desk, on.by(AGENT), over, body="Over.")
        on.later(days=2)
        await desk.start()
        await desk.settled()
        assert [each.event.about for each in await desk.outbox()] == [f"{still}/11"]


async def test_maintenance_is_told_from_its_plan_to_its_end(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.subscribed(anna, "anna@acme.example", floor=V.INFORMATION, services=[disks])
        await desk.start()
        begin, impacts = on.at + timedelta(hours=2), [ComponentImpact(disks, S.UNDER_MAINTENANCE)]
        new = status.NewMaintenance("New firmware", impacts, "Disks restart.", begin, begin + timedelta(hours=1))
        work = UUID((await status.schedule_maintenance(on.desk, on.by(AGENT), new)).ids["notice"])
        other = UUID((await status.schedule_maintenance(on.desk, on.by(AGENT), new)).ids["notice"])
        await status.cancel_maintenance(on.desk, on.by(AGENT), other, body="Not needed.")
        for hours in (2, 1):
            on.later(hours=hours)

            async def decide(decision: Decision) -> None:
                await status.begin_or_end(decision, work, on.at)

            await on.desk.writer.decide(on.by(ADMIN).act, decide)
        await desk.settled()
        assert [told.subject.partition(":")[0] for told in await desk.outbox()] == [
            "MNT-1 Planned maintenance", "MNT-2 Planned maintenance", "MNT-2 Maintenance cancelled",
            "MNT-1 Maintenance begins", "MNT-1 Maintenance completed",
        ]  # fmt: skip
        assert "Planned: 2026-07-01 14:00 to 15:00 UTC" in (await desk.outbox())[0].text


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)),  # the night with an hour more
        (datetime(2027, 3, 27, 22, tzinfo=UTC), datetime(2027, 3, 28, 4, tzinfo=UTC)),  # the night with an hour less
        (datetime(2028, 2, 28, 22, tzinfo=UTC), datetime(2028, 2, 29, 5, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, 5, tzinfo=UTC)),
    ],
)
async def test_quiet_hours_hold_a_post_until_their_local_end(database: TestDatabase, at: datetime, until: datetime) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        on.at = at
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.subscribed(anna, "anna@acme.example", quiet=NIGHT, urgent=V.CRITICAL)
        await desk.start()
        await desk.incident(disks)
        urgent = await desk.incident(disks, severity=V.CRITICAL)
        await desk.post(urgent, to=IncidentStatus.IDENTIFIED)
        await desk.settled()
        assert [told.event.not_before for told in await desk.outbox()] == [until, None, None]


async def suppressed(desk: NotifyingDesk) -> dict[str | None, tuple[str | None, str]]:
    return {told.to: (told.suppressed, told.text) for told in await desk.outbox()}


async def test_what_waits_is_suppressed_when_its_subscription_stops_and_gone_when_it_is_erased(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        acme = await on.organisation("acme")
        anna, bert = await on.customer("anna@acme.example", acme), await on.customer("bert@acme.example", acme)
        paused, cancelled, erased = [await desk.subscribed(anna, f"{each}@acme.example") for each in ("p", "c", "e")]
        await desk.subscribed(bert, "b@acme.example")
        await desk.start()
        await desk.incident(disks)
        await desk.settled()
        await subscriptions.change(on.desk, on.by(anna), paused, StatusSubscription.pause, at=on.at)
        await subscriptions.cancel(on.desk, on.by(anna), cancelled)
        await subscriptions.erase_destination(on.desk, on.by(anna), erased)
        await erasure.erase_contact(on.desk, on.by(ADMIN), bert.id, confirmation=str(bert.id))
        await desk.settled()
        told = await desk.outbox()
        reasons = {each.event.subject_id: each.suppressed for each in told}
        assert [reasons[each] for each in (paused, cancelled, erased)] == ["PAUSED", "CANCELLED", "CANCELLED"]
        assert [(each.suppressed, each.text) for each in told if each.event.recipient == bert.id] == [("ERASED", "")]
        assert [(each.to, each.text) for each in told if each.event.subject_id == erased] == [(None, "")]
        await subscriptions.change(on.desk, on.by(anna), paused, StatusSubscription.resume, at=on.at, by_staff=False)
        await desk.incident(disks, title="Another")
        await desk.settled()
        assert [each.event.subject_id for each in await desk.outbox()][4:] == [paused]


async def test_who_is_told_is_judged_when_it_is_told_and_twenty_updates_in_a_second_keep_their_order(
    database: TestDatabase,
) -> None:
    async with notifying_desk(database) as desk:
        on, disks, net = desk.on, await desk.component("disks"), await desk.component("net")
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        stays = await desk.subscribed(anna, "stays@acme.example")
        leaves = await desk.subscribed(anna, "leaves@acme.example")
        comes = await desk.subscribed(anna, "comes@acme.example", services=[net])
        await desk.start()
        await desk.stop()
        incident = await desk.incident(disks)
        for n in range(20):
            await desk.post(incident, f"Number {n}.", IncidentStatus.IDENTIFIED if n == 10 else None)
        await status.resolve_incident(on.desk, on.by(AGENT), incident, body="Over.")
        for each, services in ((leaves, [net]), (comes, [disks])):
            await subscriptions.change_scope(on.desk, on.by(anna), each, services, V.MINOR)
        for _ in range(2):
            await desk.start()
        await desk.settled()
        versions = [f"{incident}/{version}" for version in range(1, 23)]
        told = {
            each: [one.event.about for one in await desk.outbox() if one.event.subject_id == each] for each in (stays, comes)
        }
        assert told == {stays: versions, comes: versions}
        assert len(await desk.outbox()) == 2 * len(versions)
