"""Operations meetings whose contract stops giving them: they go with it once, and come back with it; and how little is asked meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.contracts.contract import SupportContract
from domain.meetings.meeting import OperationsMeeting
from domain.meetings.quarters import Quarter
from projections.entitlements import entitlements
from projections.meetings import meetings
from services.commands import contracts
from services.commands import meetings as commands
from tests.ground import TestDatabase
from tests.services.commands.desk import ADMIN
from tests.services.commands.test_chat import in_force
from tests.services.scheduler.test_meetings import DAY, premium, time, utc

pytestmark = pytest.mark.anyio


async def test_a_meeting_goes_with_its_contract_once_and_is_planned_anew_when_that_gives_it_again(
    database: TestDatabase,
) -> None:
    async with time(database) as t:
        suspended, ended, kept = await premium(t, "acme"), await premium(t, "globex"), await premium(t, "initech")
        await t.at(t.on.at)
        by, end = t.on.by(ADMIN), utc(2026, 8, 3)
        await contracts.change(t.on.desk, by, suspended, SupportContract.suspend, at=t.on.at)
        await contracts.change(t.on.desk, t.on.by(ADMIN), ended, SupportContract.terminate, at=t.on.at, effective_at=end)
        for moment in (t.on.at, t.on.at + timedelta(seconds=9), end - timedelta(seconds=1)):
            await t.at(moment)
        assert await t.lives() == {suspended: ["scheduled", "cancelled"], ended: ["scheduled"], kept: ["scheduled"]}
        await t.at(end)
        await t.at(end + 2 * DAY)
        assert await t.lives() == {
            suspended: ["scheduled", "cancelled"],
            ended: ["scheduled", "cancelled"],
            kept: ["scheduled"],
        }
        await contracts.change(t.on.desk, t.on.by(ADMIN), suspended, SupportContract.resume, at=t.on.at)
        await t.at(t.on.at)
        await t.at(t.on.at + timedelta(seconds=9))
        assert (await t.lives())[suspended] == ["scheduled", "cancelled", "revived"]
        found = await t.rows("SELECT status, cancelled_because, starts_at FROM meetings ORDER BY ref")
        usual = utc(2026, 9, 22, 8)
        assert [tuple(row) for row in found] == [
            ("SCHEDULED", None, usual), ("CANCELLED", "ENTITLEMENT_LOST", usual), ("SCHEDULED", None, usual),
        ]  # fmt: skip


async def test_after_a_downtime_a_meeting_that_has_begun_is_left_to_people_and_what_is_to_come_goes(
    database: TestDatabase,
) -> None:
    async with time(database) as t:
        contract = await premium(t, "acme")
        where = (timedelta(hours=1), "https://meet.example.org/acme")
        await commands.schedule(t.on.desk, t.on.by(ADMIN), contract, 2026, 3, t.on.at + DAY, *where)
        await commands.schedule(t.on.desk, t.on.by(ADMIN), contract, 2026, 4, t.on.at + 30 * DAY, *where)
        end = t.on.at + 2 * DAY
        await contracts.change(t.on.desk, t.on.by(ADMIN), contract, SupportContract.terminate, at=t.on.at, effective_at=end)
        await t.at(end + 2 * DAY)
        begun, coming = (OperationsMeeting.id_of(contract, Quarter(2026, number)) for number in (3, 4))
        assert len(await t.on.recording.events(begun)) == 1
        assert len(await t.on.recording.events(coming)) == 2
        await commands.hold(t.on.desk, t.on.by(ADMIN), begun)


async def test_while_nothing_changes_contracts_and_meetings_are_not_gone_through(database: TestDatabase) -> None:
    async with time(database, schedulers=1) as t:
        contract = await premium(t, "acme")
        await t.at(t.on.at)
        await t.at(t.on.at + timedelta(seconds=9))
        assert await t.asked(t.on.at + timedelta(seconds=10)) == ["mark"]
        await contracts.change(
            t.on.desk, t.on.by(ADMIN), contract, SupportContract.terminate, at=t.on.at, effective_at=t.on.at + DAY
        )
        await t.ground.project(entitlements, meetings)
        assert await t.asked(t.on.at + timedelta(hours=1)) == ["mark", "lost", "unplanned"]
        assert await t.asked(t.on.at + timedelta(hours=2)) == ["mark"]
        assert await t.asked(t.on.at + DAY) == ["mark", "lost", "unplanned"]
        assert await t.asked(t.on.at) == ["mark", "lost", "unplanned"]  # the clock was set back


async def test_contracts_that_follow_one_another_in_a_quarter_have_meetings_with_names_of_their_own(
    database: TestDatabase,
) -> None:
    async with time(database) as t:
        home = await t.on.organisation("acme")
        first = await in_force(t.on, home, "SUPPORT-premium")
        await t.at(t.on.at)
        end = t.on.at + DAY
        await contracts.change(t.on.desk, t.on.by(ADMIN), first, SupportContract.terminate, at=t.on.at, effective_at=end)
        t.on.at = end + DAY
        second = await in_force(t.on, home, "SUPPORT-premium")
        await t.at(t.on.at)
        named = {each.contract: each.ref for each in await t.planned()}
        assert len({named[first], named[second]}) == 2
        assert all(each.join_url.endswith(each.ref) for each in await t.planned())
