"""What a subscription collects is told in one message when it is due: once over three schedulers, and one after any downtime."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from domain.deliveries.vocabulary import NotificationChannel
from domain.status.vocabulary import StatusSeverity
from domain.subscriptions.subscription import StatusSubscription
from domain.subscriptions.vocabulary import DigestMode, QuietHours
from services.commands import subscriptions
from services.scheduler import Scheduler
from tests.ground import TestDatabase
from tests.services.commands.test_subscriptions import TOKEN
from tests.services.notifier.desk import READ, NotifyingDesk, Told, notifying_desk

pytestmark = pytest.mark.anyio
NIGHT = QuietHours("22:00", "06:00", "Europe/Copenhagen")
HOOK, EMAIL = NotificationChannel.WEBHOOK, NotificationChannel.EMAIL


async def look(desk: NotifyingDesk, schedulers: list[Scheduler]) -> list[Told]:
    """All schedulers at once. Returns the digests that were told until now."""
    await desk.settled()
    await asyncio.gather(*(scheduler.look() for scheduler in schedulers))
    await desk.ground.caught_up(*READ)
    return [each for each in await desk.outbox() if "digest" in each.subject + each.text or each.text.startswith("[")]


async def test_an_hour_is_told_in_one_message_by_one_of_three(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.subscribed(anna, "anna@acme.example", digest=DigestMode.HOURLY)
        await desk.subscribed(anna, "https://hooks.acme.example/", HOOK, digest=DigestMode.HOURLY)
        await desk.subscribed(anna, "+4570123456", NotificationChannel.SMS, digest=DigestMode.HOURLY, quiet=NIGHT)
        await desk.start()
        three = desk.schedulers()
        on.later(minutes=10)
        incident = await desk.incident(disks)
        for _ in range(3):
            await desk.post(incident)
        urgent = await desk.incident(disks, severity=StatusSeverity.CRITICAL, title="All is down")
        assert await look(desk, three) == []
        assert {told.event.about for told in await desk.outbox()} == {f"{urgent}/1"}, "what is urgent is not collected"
        on.later(minutes=49, seconds=59)
        assert await look(desk, three) == []
        on.later(seconds=1)
        for _ in range(3):
            mail, phone, hook = sorted(await look(desk, three), key=lambda told: told.event.channel.value)
            on.later(seconds=10)
        assert mail.subject == "Status digest: 4 status posts"
        assert mail.text.count("INC-1 Update: Slow disks") == 6
        assert len(TOKEN.findall(mail.text)) == 1
        # What the phone tells of each notice is where it stands, once.
        assert phone.text == "Status digest, 4 status posts. INC-1 Slow disks: investigating. Stop: support portal."
        assert [each["id"] for each in json.loads(hook.text)] == [f"{incident}/{version}" for version in (1, 2, 3, 4)]
        await desk.post(incident)
        await desk.settled()
        on.later(hours=1)
        assert [told.subject for told in (await look(desk, three)) if told.event.channel is EMAIL] == [
            "Status digest: 4 status posts",
            "Status digest: 1 status post",
        ]


async def test_two_days_without_schedulers_or_without_notifiers_bring_one_digest(database: TestDatabase) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        await desk.subscribed(anna, "anna@acme.example", digest=DigestMode.HOURLY)
        await desk.start()
        three = desk.schedulers()
        on.later(minutes=10)
        incident = await desk.incident(disks)
        await desk.post(incident)
        await desk.settled()
        on.later(days=2)  # nobody looked
        for _ in range(3):
            (digest,) = await look(desk, three)
            on.later(seconds=10)
        assert digest.subject == "Status digest: 2 status posts"
        await desk.stop()
        for _ in range(20):
            on.later(hours=1)
            await desk.post(incident)
        on.later(minutes=10)
        await desk.start()
        for _ in range(3):
            found = await look(desk, three)
            on.later(hours=1)
        assert [told.subject for told in found] == ["Status digest: 2 status posts", "Status digest: 20 status posts"]


async def test_a_subscription_that_stopped_gets_no_digest_and_one_that_is_quiet_gets_it_in_the_morning(
    database: TestDatabase,
) -> None:
    async with notifying_desk(database) as desk:
        on, disks = desk.on, await desk.component("disks")
        on.at = datetime(2026, 10, 24, 19, 40, tzinfo=UTC)  # 21:40, the evening before the clocks are put back
        anna = await on.customer("anna@acme.example", await on.organisation("acme"))
        stopped = await desk.subscribed(anna, "stopped@acme.example", digest=DigestMode.HOURLY)
        quiet = await desk.subscribed(anna, "quiet@acme.example", digest=DigestMode.HOURLY)
        daily = await desk.subscribed(anna, "daily@acme.example", digest=DigestMode.DAILY, quiet=NIGHT)
        await desk.start()
        three = desk.schedulers()
        await desk.incident(disks)
        await desk.settled()
        await subscriptions.change(on.desk, on.by(anna), stopped, StatusSubscription.pause, at=on.at)
        await subscriptions.change(
            on.desk, on.by(anna), quiet, StatusSubscription.set_quiet_hours, NIGHT, StatusSeverity.CRITICAL, at=on.at
        )
        on.later(minutes=20)
        (held,) = await look(desk, three)
        morning = datetime(2026, 10, 25, 5, tzinfo=UTC)
        assert (held.event.subject_id, held.event.not_before) == (quiet, morning), "quiet hours were set after it was collected"
        on.at = morning - timedelta(microseconds=1)
        assert len(await look(desk, three)) == 1
        on.at = morning
        assert [told.event.subject_id for told in await look(desk, three)] == [quiet, daily]
        on.later(days=2)
        assert len(await look(desk, three)) == 2
