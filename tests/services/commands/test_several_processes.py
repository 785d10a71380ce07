"""Rules across aggregates hold though those who race share neither a queue nor a connection nor what they remember."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from domain.contracts.refusals import ManagerReserved
from domain.contracts.vocabulary import ServiceManagerMode
from domain.subscriptions.refusals import SubscriptionThere
from services.commands import contracts
from tests.ground import TestDatabase
from tests.services.commands import test_subscriptions as status_news
from tests.services.commands.desk import ADMIN, world
from tests.services.commands.test_contracts import in_force, outcomes, staffed
from tests.services.recording import recording

pytestmark = pytest.mark.anyio
PROCESSES = 4


async def test_of_many_over_several_processes_one_gets_the_manager_and_one_the_destination(database: TestDatabase) -> None:
    async with world(database) as on, AsyncExitStack() as stack:
        others = [await stack.enter_async_context(recording(database)) for _ in range(PROCESSES)]
        desks = [replace(on.desk, writer=each.writer) for each in others]
        manager, acme = await staffed(on), await on.organisation("acme")
        anna = await on.customer("anna@acme.example", acme)
        made = await asyncio.gather(*(on.organisation(f"org-{number}") for number in range(50)))
        wanted = await asyncio.gather(*(in_force(on, each) for each in made))
        accepted, failed = await outcomes(
            *(
                contracts.assign_manager(
                    desks[number % PROCESSES], on.by(ADMIN), contract, manager, ServiceManagerMode.DEDICATED
                )
                for number, contract in enumerate(wanted)
            )
        )
        assert (accepted, {type(each) for each in failed}) == (1, {ManagerReserved})
        worlds = [replace(on, desk=desk) for desk in desks]
        accepted, failed = await outcomes(*(status_news.asked(worlds[n % PROCESSES], anna) for n in range(60)))
        assert (accepted, {type(each) for each in failed}) == (1, {SubscriptionThere})
