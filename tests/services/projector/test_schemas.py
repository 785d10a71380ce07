"""Schemas, tables and grants of read models: made once, read by whom it is for, dropped a release later."""

from __future__ import annotations

import asyncpg
import pytest

from projections.all import ALL
from projections.projection import Projection
from services.projector import schemas
from services.projector.schemas import TablesChanged, WronglyDeclared
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels, paths


async def test_making_them_twice_changes_nothing(desk: Ground) -> None:
    await desk.send("Aarhus")
    await desk.project(parcels())
    await desk.ensure(parcels(), paths())
    assert (await desk.fetch("SELECT count(*) FROM parcels"))[0][0] == 1
    found = await desk.fetch(
        "SELECT projection, version, position FROM projector.checkpoints WHERE projection LIKE 'pa%' ORDER BY 1"
    )
    assert [tuple(row) for row in found] == [("parcels", 1, 2), ("paths", 1, 0)]


async def test_staff_may_read_all_and_customers_all_but_staff_tables(desk: Ground) -> None:
    await desk.ensure(parcels())
    staff, customer = [await asyncpg.connect(desk.settings.postgres(role)) for role in ("read", "customer")]
    try:
        for table in ("parcels", "parcel_messages", "parcel_notes"):
            assert await staff.fetch(f"SELECT * FROM parcels_v1.{table}") == []
        assert await customer.fetch("SELECT * FROM parcels_v1.parcels") == []
        for refused in ("SELECT * FROM parcels_v1.parcel_notes", "DELETE FROM parcels_v1.parcels"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await customer.execute(refused)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await staff.execute("UPDATE parcels_v1.parcels SET scans = 0")
        assert await customer.fetch("SELECT * FROM projector.parked") == []
    finally:
        await staff.close()
        await customer.close()


async def test_a_new_version_is_built_beside_the_old_one_which_stays(desk: Ground) -> None:
    for _ in range(5):
        await desk.send("Aarhus")
    await desk.project(parcels())
    await desk.project(parcels(2))
    for schema in ("parcels_v1", "parcels_v2"):
        assert (await desk.fetch("SELECT count(*) FROM parcels", schemas=[schema]))[0][0] == 5


async def test_a_version_out_of_use_is_dropped_a_release_later(desk: Ground) -> None:
    await desk.ensure(parcels(1))
    await desk.ensure(parcels(2))
    connection = await desk.connect([])
    try:
        assert await schemas.retire(connection, [*ALL, parcels(1)], "1.0") == []
        assert await schemas.retire(connection, [*ALL, parcels(2)], "1.1") == []
        assert await schemas.retire(connection, [*ALL, parcels(2)], "1.1") == []
        assert await schemas.retire(connection, [*ALL, parcels(2)], "1.2") == ["parcels_v1"]
        assert await schemas.retire(connection, [*ALL, parcels(2)], "1.3") == []
        found = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'parcels%'")
        assert [row[0] for row in found] == ["parcels_v2"]
    finally:
        await connection.close()


async def test_tables_that_change_without_a_new_version_are_refused(desk: Ground) -> None:
    await desk.ensure(parcels())
    changed = parcels()
    changed.tables = changed.tables.replace("scans int", "scans bigint")
    with pytest.raises(TablesChanged, match="next version"):
        await desk.ensure(changed)


@pytest.mark.parametrize(
    ("projection", "says"),
    [
        (Projection("one", 1, "CREATE TABLE a(x int)"), "no primary key"),
        (Projection("one", 1, "CREATE TABLE a(x serial PRIMARY KEY)"), "sequences"),
        (Projection("one", 1, "CREATE TABLE a(x int PRIMARY KEY)", staff_tables=frozenset({"b"})), "not among its tables"),
        (Projection("one", 1, "CREATE TABLE a(x int PRIMARY KEY)", personal=(("a", "who", ("x",)),)), "named as subject"),
        (Projection("one", 1, "CREATE TABLE a(x int PRIMARY KEY, y int NOT NULL)", personal=(("a", "x", ("y",)),)), "nullable"),
        (Projection("one", 1, "CREATE TABLE parcels(x int PRIMARY KEY)"), "same name"),
    ],
)
async def test_what_contradicts_itself_is_refused_before_it_is_used(desk: Ground, projection: Projection, says: str) -> None:
    with pytest.raises(WronglyDeclared, match=says):
        await desk.ensure(parcels(), projection)
    assert await desk.fetch("SELECT * FROM projector.checkpoints WHERE projection IN ('parcels', 'one')") == []


def test_a_name_that_is_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="lower case"):
        Projection('tickets"; DROP', 1, "")
