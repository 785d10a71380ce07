"""Which policies a process goes by: those of the log, also when another log than it knew lies there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.policy.events import POLICY_STREAM
from services.policies.file import DEFAULT, PolicyFile, read
from services.policies.in_force import FRESH, NoPolicies, PoliciesInForce, apply
from services.runtime.codec import Codec
from tests.ground import TestDatabase
from tests.services.parcel import NOON
from tests.services.recording import Recording, act, recording

pytestmark = pytest.mark.anyio
LOSE = "DELETE FROM store.stored_events WHERE originator_id = $1 AND originator_version > $2"


async def applied(on: Recording, *days: int) -> None:
    shipped = read(DEFAULT).policies
    for number in days:
        own = replace(shipped, close_after=timedelta(days=number))
        assert await apply(on.writer, act(), PolicyFile(own, f"{number:064}"), NOON)


async def test_after_a_restore_nobody_goes_by_policies_that_were_lost(database: TestDatabase) -> None:
    async with recording(database) as on:
        now = [0.0]
        known = PoliciesInForce(on.store, Codec(), lambda: now[0])

        async def days() -> int:
            now[0] += FRESH + 1
            return (await known.now()).close_after.days

        await applied(on, 3, 5, 7)
        assert [await days(), await days()] == [7, 7]
        await on.as_owner(LOSE, POLICY_STREAM, 2)
        assert await days() == 5
        await applied(on, 9)
        assert await days() == 9
        await on.as_owner(LOSE, POLICY_STREAM, 1)
        await applied(on, 11, 13)  # others at the same versions, and more of them
        assert await days() == 13
        await on.as_owner(LOSE, POLICY_STREAM, 0)
        with pytest.raises(NoPolicies):
            await days()
