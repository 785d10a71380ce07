"""Read models of contracts: rebuilt they are the same, they agree with the contracts themselves, and queries follow indexes."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.catalogue import PRODUCTS, Capability
from domain.contracts.contract import SupportContract
from domain.contracts.entitlements import entitlements as judge
from domain.contracts.vocabulary import ServiceManagerMode
from domain.errors import Refused
from projections.contract_timers import contract_timers, due
from projections.contracts import Wanted, contracts, contracts_by_id, contracts_page
from projections.entitlements import entitled_at, entitlements, giving, ledger
from projections.paging import Page
from projections.service_managers import of_contracts, served_by, service_managers, serving
from projections.viewer import Role, Viewer
from services.projector.verify import verify
from tests.ground import TestDatabase
from tests.projections.desk import AGENT, customer
from tests.services.parcel import NOON
from tests.services.projector.ground import Ground, ground
from tests.services.recording import act

pytestmark = pytest.mark.anyio

ROOM = (contracts, entitlements, service_managers, contract_timers)
CODES = [product.code for product in PRODUCTS]
STEP = timedelta(hours=6)


@pytest.fixture
async def room(database: TestDatabase) -> AsyncIterator[Ground]:
    async with ground(database) as made:
        await made.ensure(*ROOM)
        yield made


def something(lot: random.Random, contract: SupportContract, at: Any) -> None:
    """A random command, unless it is refused."""
    later = at + lot.choice([0, 1, 2, 8, 40]) * STEP
    manager, mode = lot.choice([AGENT.id, UUID(int=9)]), lot.choice(list(ServiceManagerMode))
    commands: list[Callable[[], object]] = [
        lambda: contract.activate(at=at),
        lambda: contract.change_plan(lot.choice(CODES), at=at, effective_at=later),
        lambda: contract.renew(at=at, to=lot.choice([None, later])),
        lambda: contract.suspend(at=at, effective_at=later),
        lambda: contract.resume(at=at, effective_at=later),
        lambda: contract.terminate(at=at, effective_at=later) if lot.random() < 0.2 else None,
        lambda: contract.assign_manager(manager, mode, at=at),
        lambda: contract.replace_manager(manager, mode, at=at),
        lambda: contract.release_manager(at=at),
        lambda: contract.cover_service(UUID(int=lot.randint(1, 3)), at=at),
        lambda: contract.note_time(at=at),
    ]
    try:
        lot.choice(commands)()
    except Refused:
        return


async def test_random_lives_rebuild_the_same_and_agree_with_the_contracts(room: Ground) -> None:
    lot = random.Random(3)
    organisations = [uuid7() for _ in range(3)]
    made: list[SupportContract] = []
    for number in range(30):
        at = NOON
        contract = SupportContract.draft(
            id=uuid7(),
            at=at,
            ref=f"C-{number}",
            organisation=lot.choice(organisations),
            product=lot.choice(CODES),
            from_=at + lot.choice([-4, 0, 8]) * STEP,
            to=lot.choice([None, at + 60 * STEP]),
        )
        for _ in range(30):
            at += lot.choice([0, 1, 5]) * STEP
            something(lot, contract, at)
        made.append(contract)
        await room.recording.writer.add(act(), contract)
        if number % 7 == 0:
            await room.project(*ROOM)
    await room.project(*ROOM)
    verdict = await verify(room.connect, list(ROOM), room.reader.fresh())
    assert verdict.equal, verdict

    connection = await room.connect([each.schema for each in ROOM])
    try:
        for step in range(-6, 100, 3):
            when = NOON + step * STEP
            shown = await entitled_at(connection, AGENT, organisations, when, PRODUCTS)
            for organisation in organisations:
                courses = [contract.course for contract in made if contract.organisation == organisation]
                assert shown[organisation] == judge(courses, when, PRODUCTS)
        rows = {row.id: row for row in await contracts_by_id(connection, AGENT, [each.id for each in made])}
        for contract in made:
            row = rows[contract.id]
            assert row.version == contract.version
            for step in range(0, 100, 7):
                when = NOON + step * STEP
                assert row.status_at(when) == contract.course.status_at(when).value
                assert row.product_at(when) == contract.course.period_at(when).product
        theirs = await contracts_by_id(connection, customer(uuid7(), organisations[0]), [each.id for each in made])
        assert {row.id for row in theirs} == {
            each.id for each in made if each.organisation == organisations[0] and each.course.activated_at is not None
        }
        versions = {row.id: row.version for row in theirs}
        assert versions == {each.id: each.visible_version for each in made if each.id in versions}
    finally:
        await connection.close()


LARGE = {
    "contracts", "contract_periods", "contract_states", "contract_courses", "entitlement_stretches", "entitlement_courses",
    "service_managers", "service_manager_courses", "contract_timers", "contract_timer_courses",
}  # fmt: skip
GENERATE = """
CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql AS 'SELECT md5(kind || n)::uuid';
INSERT INTO contracts(id, audience, ref, version, visible_version, offered, services, last_product)
  SELECT pg_temp.id('c', n), pg_temp.id('o', n % 4000), n::text, 1, 1, true, '{}', 'SUPPORT-standard' FROM generate_series(1, 20000) n;
INSERT INTO contract_periods(contract, place, product, from_at, to_at)
  SELECT pg_temp.id('c', n), 0, 'SUPPORT-standard', '2026-01-01'::timestamptz + n * interval '1 hour',
    '2027-01-01'::timestamptz + n * interval '1 hour' FROM generate_series(1, 20000) n;
INSERT INTO contract_states(contract, place, status, from_at)
  SELECT pg_temp.id('c', n), 0, CASE WHEN n % 1000 = 0 THEN 'SUSPENDED' ELSE 'ACTIVE' END, '2026-01-01' FROM generate_series(1, 20000) n;
INSERT INTO entitlement_stretches(contract, place, audience, product, capabilities, from_at, to_at)
  SELECT pg_temp.id('c', n), 0, pg_temp.id('o', n % 4000), 'SUPPORT-standard', '{TICKETING}',
    '2026-01-01'::timestamptz + n * interval '1 hour', NULL FROM generate_series(1, 20000) n;
INSERT INTO service_managers(contract, place, audience, manager, mode, from_at)
  SELECT pg_temp.id('c', n), 0, pg_temp.id('o', n % 4000), pg_temp.id('m', n % 900), 'SHARED', '2026-01-01'
  FROM generate_series(1, 20000) n;
INSERT INTO contract_timers(contract, kind, due_at)
  SELECT pg_temp.id('c', n), 'CONTRACT_EXPIRE', '2027-01-01'::timestamptz + n * interval '1 hour' FROM generate_series(1, 20000) n;
"""


class Explaining:
    """A connection that notes which large tables a statement would read whole."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.whole: list[str] = []

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        for mode in ("force_custom_plan", "force_generic_plan"):
            await self.connection.execute(f"SET plan_cache_mode = {mode}")
            plan = json.loads(await self.connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *args))
            self._look(plan[0]["Plan"])
        await self.connection.execute("RESET plan_cache_mode")
        rows: Sequence[Any] = await self.connection.fetch(query, *args)
        return rows

    async def fetchrow(self, query: str, *args: object) -> Any:
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    def _look(self, node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
            self.whole.append(node["Relation Name"])
        for child in node.get("Plans", ()):
            self._look(child)


async def test_queries_follow_an_index(room: Ground) -> None:
    connection = await room.connect([each.schema for each in ROOM])
    try:
        await connection.execute(GENERATE)
        for table in LARGE:
            await connection.execute(f"VACUUM ANALYZE {table}")
        acme = await connection.fetchval("SELECT md5('o7')::uuid")
        contract = await connection.fetchval("SELECT md5('c7')::uuid")
        soon = NOON + timedelta(days=1)
        manager = Viewer(Role.SERVICE_MANAGER, uuid7(), organisations=frozenset({acme}))
        for viewer in (AGENT, customer(uuid7(), acme), manager):
            db = Explaining(connection)
            page, mine = Page(first=5), Wanted(organisations=[acme])
            asked: dict[str, Any] = {
                "by id": contracts_by_id(db, viewer, [contract]),
                "of an organisation": contracts_page(db, viewer, mine, page, NOON),
                "suspended ones": contracts_page(db, viewer, Wanted(organisations=[acme], statuses=["SUSPENDED"]), page, NOON),
                "that end": contracts_page(
                    db, viewer, Wanted(organisations=[acme], ends_from=NOON, ends_before=soon), page, NOON
                ),
                "entitlements": entitled_at(db, viewer, [acme], NOON, PRODUCTS),
                "their ledger": ledger(db, viewer, acme),
                "managers of a contract": of_contracts(db, viewer, [contract]),
                "who serves": serving(db, viewer, [acme], NOON),
                "who is served": served_by(db, uuid7(), NOON),
                "what is due": due(db, NOON, 25),
            }
            for name, read in asked.items():
                await read
                assert (name, db.whole) == (name, [])
        assert await giving(connection, Capability.OPERATIONS_MEETINGS, NOON, soon) == []
    finally:
        await connection.close()


async def test_a_service_manager_serves_to_the_very_end_and_no_longer_noted_or_not(room: Ground) -> None:
    acme, globex = uuid7(), uuid7()
    begin, change, end = NOON, NOON + 10 * STEP, NOON + 20 * STEP
    plain, changing = [
        SupportContract.draft(id=uuid7(), at=NOON, ref=ref, organisation=home, product=CODES[2], from_=begin, to=end)
        for ref, home in (("P", acme), ("C", globex))
    ]
    for contract in (plain, changing):
        contract.activate(at=NOON)
        contract.assign_manager(AGENT.id, ServiceManagerMode.SHARED, at=NOON)
    changing.change_plan(CODES[1], at=NOON, effective_at=change)
    plain.suspend(at=NOON, effective_at=NOON + 2 * STEP)
    plain.resume(at=NOON, effective_at=NOON + 4 * STEP)
    for contract in (plain, changing):
        await room.recording.writer.add(act(), contract)
    await room.project(*ROOM)
    connection = await room.connect([each.schema for each in ROOM])
    tick = timedelta(microseconds=1)
    try:
        for at, served in (
            (begin, {acme, globex}),
            (NOON + 3 * STEP, {acme, globex}),
            (change - tick, {acme, globex}),
            (change, {acme}),
            (end - tick, {acme}),
            (end, set()),
        ):
            assert set(await served_by(connection, AGENT.id, at) or ()) == served, at
            assert {each.organisation for each in await serving(connection, AGENT, [acme, globex], at)} == served
    finally:
        await connection.close()
