"""`support verify`: equal means equal, and what is not is named without its content."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID, uuid4

from domain.event import DomainEvent
from projections.projection import Projection
from services.projector.lookups import LookupFact
from services.projector.rebuild import rebuild
from services.projector.verify import Verdict, verify
from tests.services.parcel import ParcelSent
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels, paths


async def _verify(desk: Ground, *projections: Projection, expected: Expected | None = None) -> Verdict:
    return await verify(desk.connect, projections, desk.reader.fresh(), expected=expected)


def _said(verdict: Verdict) -> list[str]:
    return sorted(str(each) for each in verdict.differences)


class Expected:
    """A parcel's recipient is looked up by name, one look-up a parcel."""

    kinds = frozenset({"parcel"})
    events: frozenset[type[DomainEvent]] = frozenset({ParcelSent})

    def facts(self, event: DomainEvent) -> Iterable[LookupFact]:
        assert isinstance(event, ParcelSent)
        yield LookupFact("parcel", event.originator_id, event.recipient)


async def test_read_models_that_say_what_the_log_says_are_equal(desk: Ground) -> None:
    for i in range(7):
        await desk.say(await desk.send(*(str(k) for k in range(i))), "hello")
    await desk.project(parcels(), paths())
    verdict = await _verify(desk, parcels(), paths())
    assert verdict.equal
    assert (verdict.position, verdict.tables, verdict.rows) == (35, 4, 7 + 7 + 6)
    assert await desk.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%verify'") == []


async def test_every_kind_of_difference_is_named_by_table_key_and_column(desk: Ground) -> None:
    first, second = await desk.send("Aarhus"), await desk.send("Odense")
    entry = await desk.say(first, "a secret")
    await desk.project(parcels(), paths())
    stranger = uuid4()
    await desk.fetch("UPDATE parcels SET last = 'tampered', scans = 9 WHERE id = $1", first)
    await desk.fetch("DELETE FROM parcel_messages")
    await desk.fetch("INSERT INTO paths VALUES ($1, 'made up')", stranger)
    verdict = await _verify(desk, parcels(), paths())
    assert not verdict.equal
    assert _said(verdict) == sorted(
        [
            f"parcels_v1.parcels: id {first}: differs in last, scans",
            f"parcels_v1.parcel_messages: entry {entry}: missing",
            f"paths_v1.paths: stream {stranger}: extra",
        ]
    )
    assert b"tampered" not in verdict.as_json()
    assert str(second) not in verdict.as_json().decode()


async def test_only_what_is_asked_for_is_verified(desk: Ground) -> None:
    await desk.send("Aarhus")
    await desk.project(parcels(), paths())
    await desk.fetch("DELETE FROM parcels")
    assert (await _verify(desk, paths())).equal
    assert not (await _verify(desk, parcels())).equal


async def test_it_can_be_asked_while_everything_runs(desk: Ground) -> None:
    async def send() -> None:
        for i in range(60):
            ada = uuid4()
            parcel = await desk.send("Aarhus", recipient=ada)
            await desk.say(parcel, "hello")
            if i % 3 == 0:
                await desk.erase(ada)

    async with desk.running(parcels(), paths(), limit=7):
        sending = asyncio.create_task(send())
        while not sending.done():
            verdict = await _verify(desk, parcels(), paths())
            assert verdict.equal, _said(verdict)
        await sending
        building = asyncio.create_task(rebuild(desk.connect, parcels(), desk.reader.fresh()))
        assert (await _verify(desk, parcels(), paths())).equal
        await building
    assert (await _verify(desk, parcels(), paths())).equal


async def test_the_erased_are_part_of_it(desk: Ground) -> None:
    ada, grace = uuid4(), uuid4()
    parcel = await desk.send(recipient=ada)
    await desk.send(recipient=grace)
    await desk.project(parcels())
    await desk.erase(ada)
    await desk.project(parcels())
    verdict = await _verify(desk, parcels())
    assert verdict.equal
    assert verdict.erased == 1
    await desk.fetch("UPDATE parcels SET name = 'Ada' WHERE id = $1", parcel)
    assert _said(await _verify(desk, parcels())) == [
        f"parcels_v1.parcels: id {parcel}: differs in name",
        f"parcels_v1.parcels: recipient {ada}: still says something of an erased person in name",
    ]


async def test_a_key_that_outlived_its_person_is_told(desk: Ground) -> None:
    ada = uuid4()
    await desk.send(recipient=ada)
    await desk.record(ada, 1, "contact.erased.v1", b"{}")  # an event without the destruction that belongs to it
    await desk.project(parcels())
    assert f"store.person_keys: person {ada}: an erased person's key is still there" in _said(await _verify(desk, parcels()))


async def test_lookups_are_held_against_events(desk: Ground) -> None:
    ada, nobody = uuid4(), uuid4()
    held, lost = await desk.send(recipient=ada), await desk.send(recipient=ada)
    await desk.project(parcels())
    await _as_owner(desk, "INSERT INTO store.lookups VALUES ('parcel', '\\x01', $1, $2)", held, ada)
    await _as_owner(desk, "INSERT INTO store.lookups VALUES ('parcel', '\\x02', $1, $2)", nobody, ada)
    verdict = await _verify(desk, parcels(), expected=Expected())
    assert verdict.lookups == 2
    assert _said(verdict) == sorted(
        [
            f"store.lookups: kind parcel, owner {nobody}: leads to nobody",
            f"store.lookups: kind parcel, owner {nobody}: extra",
            f"store.lookups: kind parcel, owner {lost}: missing",
        ]
    )


async def test_a_lookup_of_somebody_erased_is_told(desk: Ground) -> None:
    ada = uuid4()
    parcel = await desk.send(recipient=ada)
    await desk.erase(ada)
    await _as_owner(desk, "INSERT INTO store.lookups VALUES ('email', '\\x01', $1, $2)", parcel, ada)
    await desk.project(parcels())
    assert _said(await _verify(desk, parcels())) == [f"store.lookups: kind email, owner {parcel}: is of an erased person"]


async def test_parked_events_are_compared_too(desk: Ground) -> None:
    await desk.send("nowhere")
    failing = parcels(fails=True)
    await desk.project(failing)
    verdict = await _verify(desk, failing)
    assert verdict.equal
    assert verdict.parked == 1
    mended = parcels(fails=True)
    mended.handlers = parcels().handlers
    assert "parcels_v1 parked: position 2: is parked and would go through now (PlaceIsUnknown)" in _said(
        await _verify(desk, mended)
    )


async def _as_owner(desk: Ground, statement: str, *args: UUID) -> None:
    await desk.recording.as_owner(statement, *args)
