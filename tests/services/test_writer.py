"""Load, decide, append, and again when somebody else was faster."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.errors import AlreadyExists, Conflict, IdempotencyKeyReused, NotFound, Refused
from domain.event import Aggregate, DomainEvent
from services.runtime.act import Expected
from services.runtime.decision import Decision
from services.runtime.errors import Overloaded
from services.runtime.position import Position
from services.runtime.writer import caused_by
from tests.ground import TestDatabase
from tests.services.parcel import NOON, Parcel, ParcelIsDelivered, ParcelScanned
from tests.services.recording import STAFF, Recording, act, recording

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class LetterPosted(DomainEvent, Aggregate.Created):
    TOPIC = "letter.posted.v1"


class Letter(Aggregate):
    TOPIC = "letter"
    Event = DomainEvent
    Created = LetterPosted


async def sent(to: Recording, **more: UUID) -> UUID:
    parcel = Parcel.send(at=NOON, recipient=uuid4(), name="Anna", **more)
    await to.writer.add(act(), parcel)
    return parcel.id


async def load(at: Recording, parcel: UUID) -> Parcel:
    found: list[Parcel] = []

    async def look(decision: Decision) -> None:
        found.append(await decision.load(Parcel, parcel))

    await at.writer.decide(act(), look)
    return found[0]


async def test_a_change_is_recorded_with_who_did_it_when_and_for_whom(database: TestDatabase) -> None:
    owner = uuid4()
    async with recording(database) as one:
        parcel = await sent(one, owner=owner)
        doing = replace(act(at=NOON + timedelta(hours=1)), causation="1/x/1", traceparent="00-4bf9-00f0-01")
        receipt = await one.writer.change(doing, Parcel, parcel, Parcel.scan, at=doing.at, place="Ribe")
        assert receipt.position == Position(1, 2)
        assert receipt.versions == {parcel: 2}
        first, second = await one.store.stream(parcel)
        assert (second.topic, second.version, second.position) == ("parcel.scanned.v1", 2, 2)
        assert (second.organisation, second.classification) == (owner, "confidential")
        assert (second.occurred_at, second.recorded_at > NOON) == (doing.at, True)
        assert (second.actor_kind, second.actor) == ("user", STAFF.id)
        assert (second.correlation, second.causation, second.traceparent) == (doing.correlation, "1/x/1", "00-4bf9-00f0-01")
        assert first.causation is None


async def test_a_restricted_event_is_recorded_as_such(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        await one.writer.change(act(), Parcel, parcel, Parcel.note, at=NOON, note="fragile")
        assert (await one.store.stream(parcel))[1].classification == "restricted"


async def test_a_refusal_propagates_and_records_nothing(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        await one.writer.change(act(), Parcel, parcel, Parcel.deliver, at=NOON)
        with pytest.raises(ParcelIsDelivered):
            await one.writer.change(act(key="k"), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")
        assert (await one.store.head()).number == 2
        assert await one.as_owner("SELECT FROM store.idempotency") == []


async def test_what_does_not_exist_is_not_found(database: TestDatabase) -> None:
    async with recording(database) as one:
        with pytest.raises(NotFound):
            await one.writer.change(act(), Parcel, uuid4(), Parcel.scan, at=NOON, place="Ribe")


async def test_an_id_of_another_kind_of_aggregate_is_not_found(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)

        async def look(decision: Decision) -> None:
            await decision.load(Letter, parcel)

        with pytest.raises(NotFound):
            await one.writer.decide(act(), look)


async def test_a_second_aggregate_with_the_same_id_exists_already(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        with pytest.raises(AlreadyExists) as refused:
            await sent(one, id=parcel)
        assert refused.value.existing == parcel


async def test_changes_at_once_are_all_recorded_when_nobody_expects_a_version(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        places = [f"place {i}" for i in range(6)]
        scans = (one.another().writer.change(act(), Parcel, parcel, Parcel.scan, at=NOON, place=place) for place in places)
        await asyncio.gather(*scans)
        assert sorted((await load(one, parcel)).places) == places


async def test_whoever_never_wins_is_told_to_try_again(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)

        async def overtaken(decision: Decision) -> None:
            loaded = await decision.load(Parcel, parcel)
            await one.writer.change(act(), Parcel, parcel, Parcel.scan, at=NOON, place="faster")
            loaded.scan(at=NOON, place="slower")

        with pytest.raises(Overloaded):
            await one.another().writer.decide(act(), overtaken)
        assert "slower" not in (await load(one, parcel)).places


async def test_a_change_to_what_was_only_read_is_a_conflict_too(database: TestDatabase) -> None:
    async with recording(database) as one:
        contract, parcel = await sent(one), await sent(one)
        seen: list[int] = []

        async def judge(decision: Decision) -> None:
            seen.append(len((await decision.load(Parcel, contract)).places))
            (await decision.load(Parcel, parcel)).scan(at=NOON, place="Ribe")
            if len(seen) == 1:
                await one.writer.change(act(), Parcel, contract, Parcel.scan, at=NOON, place="elsewhere")

        await one.another().writer.decide(act(), judge)
        assert seen == [0, 1]
        assert (await load(one, parcel)).places == ["Ribe"]


async def test_what_was_not_there_must_still_not_be_there(database: TestDatabase) -> None:
    async with recording(database) as one:
        contract, parcel = uuid4(), await sent(one)
        seen: list[bool] = []

        async def judge(decision: Decision) -> None:
            try:
                await decision.load(Parcel, contract, seen=False)
                seen.append(True)
            except NotFound:
                seen.append(False)
            (await decision.load(Parcel, parcel)).scan(at=NOON, place="Ribe")
            if len(seen) == 1:
                await sent(one, id=contract)

        await one.another().writer.decide(act(), judge)
        assert seen == [False, True]


async def test_a_caller_who_saw_another_version_is_told_the_present_one(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        await one.writer.change(act(), Parcel, parcel, Parcel.note, at=NOON, note="fragile")
        with pytest.raises(Conflict) as refused:
            await one.writer.change(act(expected=Expected(1)), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")
        assert refused.value.current_version == 2
        with pytest.raises(Conflict) as refused:
            await one.writer.change(act(expected=Expected(2, visible=True)), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")
        assert refused.value.current_version == 1
        await one.writer.change(act(expected=Expected(1, visible=True)), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")


async def test_the_version_is_that_of_the_aggregate_the_caller_looked_at(database: TestDatabase) -> None:
    async with recording(database) as one:
        organisation, parcel = await sent(one), await sent(one)
        await one.writer.change(act(), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")

        async def look_first(decision: Decision) -> None:
            await decision.load(Parcel, organisation, seen=False)
            found = await decision.load(Parcel, parcel, seen=False)
            await decision.load(Parcel, parcel)
            found.scan(at=NOON, place="Tved")
            await decision.load(Parcel, parcel)

        with pytest.raises(Conflict) as refused:
            await one.writer.decide(act(expected=Expected(1)), look_first)
        assert refused.value.current_version == 2
        await one.writer.decide(act(expected=Expected(2)), look_first)


@pytest.mark.parametrize(("visible", "refused"), [(False, True), (True, False)])
async def test_a_note_in_between_conflicts_with_those_who_see_notes_only(
    database: TestDatabase, *, visible: bool, refused: bool
) -> None:
    async with recording(database) as one:
        parcel, tries = await sent(one), 0

        async def overtaken(decision: Decision) -> None:
            nonlocal tries
            tries += 1
            loaded = await decision.load(Parcel, parcel)
            if tries == 1:
                await one.writer.change(act(), Parcel, parcel, Parcel.note, at=NOON, note="fragile")
            loaded.scan(at=NOON, place="Ribe")

        doing = act(expected=Expected(1, visible=visible))
        if refused:
            with pytest.raises(Conflict) as conflict:
                await one.another().writer.decide(doing, overtaken)
            assert conflict.value.current_version == 2
        else:
            await one.another().writer.decide(doing, overtaken)
        assert (await load(one, parcel)).places == ([] if refused else ["Ribe"])


async def test_a_replay_returns_the_first_outcome_and_decides_nothing(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel, decided = await sent(one), 0

        async def scan(decision: Decision) -> None:
            nonlocal decided
            loaded = await decision.load(Parcel, parcel)
            decided += 1
            loaded.scan(at=NOON, place="Ribe")
            decision.remember(parcel=parcel, name="first")

        first = await one.writer.decide(act(key="k"), scan)
        again = await one.another().writer.decide(act(key="k"), scan)
        assert (first.replayed, again.replayed, decided) == (False, True, 1)
        assert (again.position, again.versions, again.ids) == (first.position, first.versions, first.ids)
        assert again.ids == {"parcel": str(parcel), "name": "first"}


async def test_the_same_key_for_another_request_is_refused(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        await one.writer.change(act(key="k", request=b"Ribe"), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")
        with pytest.raises(IdempotencyKeyReused):
            await one.writer.change(act(key="k", request=b"Tved"), Parcel, parcel, Parcel.scan, at=NOON, place="Tved")
        with pytest.raises(IdempotencyKeyReused):
            await one.writer.add(act(key="k", request=b"Tved"), Parcel.send(at=NOON, recipient=uuid4(), name="Bo"))
        assert (await one.store.head()).number == 2


async def test_a_retry_that_would_be_refused_for_what_the_first_did_gets_the_first_outcome(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        deliver = one.writer.change(act(key="k"), Parcel, parcel, Parcel.deliver, at=NOON)
        again = one.another().writer.change(act(key="k"), Parcel, parcel, Parcel.deliver, at=NOON)
        first, second = await asyncio.gather(deliver, again)
        assert {first.replayed, second.replayed} == {False, True}
        assert (first.position, first.versions) == (second.position, second.versions)

        async def register(decision: Decision) -> None:
            if await decision.find("email", "anna@example.org"):
                raise AlreadyExists("taken")
            made = Parcel.send(at=NOON, recipient=uuid4(), name="Anna")
            decision.add(made)
            decision.reserve("email", "anna@example.org", made.id)
            decision.remember(parcel=made.id)

        registered = await one.writer.decide(act(key="r"), register)
        assert (await one.writer.decide(act(key="r"), register)).ids == registered.ids
        with pytest.raises(AlreadyExists):
            await one.writer.decide(act(key="other"), register)


async def test_an_accepted_outcome_without_events_is_kept(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)

        async def nothing(decision: Decision) -> None:
            await decision.load(Parcel, parcel)
            decision.remember(parcel=parcel)

        first = await one.writer.decide(act(key="k"), nothing)
        again = await one.writer.decide(act(key="k"), nothing)
        assert (first.position, first.replayed, again.replayed, again.ids) == (None, False, True, {"parcel": str(parcel)})
        assert (await one.store.head()).number == 1
        assert (await one.writer.decide(act(), nothing)).ids == {"parcel": str(parcel)}


async def test_several_aggregates_change_together_or_not_at_all(database: TestDatabase) -> None:
    async with recording(database) as one:
        first, second = await sent(one), await sent(one)
        await one.writer.change(act(), Parcel, second, Parcel.deliver, at=NOON)

        async def both(decision: Decision) -> None:
            (await decision.load(Parcel, first)).scan(at=NOON, place="Ribe")
            (await decision.load(Parcel, second)).scan(at=NOON, place="Ribe")

        with pytest.raises(ParcelIsDelivered):
            await one.writer.decide(act(), both)
        assert (await load(one, first)).places == []


async def test_the_same_aggregate_loaded_twice_is_one(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)

        async def twice(decision: Decision) -> None:
            (await decision.load(Parcel, parcel)).scan(at=NOON, place="a")
            (await decision.load(Parcel, parcel)).scan(at=NOON, place="b")

        receipt = await one.writer.decide(act(), twice)
        assert receipt.versions == {parcel: 3}


async def test_a_reservation_is_one_owners_until_released(database: TestDatabase) -> None:
    owner, other = uuid4(), uuid4()
    async with recording(database) as one:

        async def reserve(decision: Decision, whose: UUID) -> None:
            decision.reserve("room", "7", whose)

        async def hand_over(decision: Decision) -> None:
            assert await decision.find("room", "7") == owner
            decision.release("room", "7", owner)
            decision.reserve("room", "7", other)

        await one.writer.decide(act(), lambda decision: reserve(decision, owner))
        with pytest.raises(AlreadyExists) as refused:
            await one.writer.decide(act(), lambda decision: reserve(decision, other))
        assert refused.value.existing == owner
        await one.writer.decide(act(), hand_over)
        assert await one.store.find("room", one.digests.digest("room", "7")) == other


async def test_refs_come_from_a_sequence_and_ids_are_in_order_of_time(database: TestDatabase) -> None:
    async with recording(database) as one:
        refs: list[int] = []

        async def take(decision: Decision) -> None:
            refs.append(await decision.next_ref())

        for _ in range(3):
            await one.writer.decide(act(), take)
        assert refs == [10001, 10002, 10003]
        ids: list[UUID] = []

        async def make(decision: Decision) -> None:
            ids.extend(decision.new_id() for _ in range(50))

        await one.writer.decide(act(), make)
        assert ids == sorted(ids)
        assert {(type(each), each.version) for each in ids} == {(UUID, 7)}


async def test_an_answer_to_an_event_names_its_cause(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)
        cause = (await one.store.stream(parcel))[0]
        answer = caused_by(cause, STAFF, NOON)
        assert answer.correlation == cause.correlation
        await one.writer.change(answer, Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")
        assert (await one.store.stream(parcel))[1].causation == f"1/{parcel}/1"


async def test_after_a_restore_the_decision_is_made_anew(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel, tries = await sent(one), 0

        async def scan(decision: Decision) -> None:
            nonlocal tries
            tries += 1
            (await decision.load(Parcel, parcel)).scan(at=NOON, place="Ribe")
            if tries == 1:
                await one.as_owner("INSERT INTO store.logs (epoch, began_at, base) VALUES (2, now(), 1)")

        receipt = await one.writer.decide(act(), scan)
        assert (tries, receipt.position) == (2, Position(2, 2))


async def test_a_thousand_events_load_in_one_go(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one)

        async def many(decision: Decision) -> None:
            loaded = await decision.load(Parcel, parcel)
            for i in range(999):
                loaded.scan(at=NOON, place=str(i))

        await one.writer.decide(act(), many)
        assert (await load(one, parcel)).version == 1000
        assert len([event for event in await one.events(parcel) if isinstance(event, ParcelScanned)]) == 999


def test_every_refusal_of_the_writer_is_a_refusal_of_the_domain() -> None:
    assert all(issubclass(kind, Refused) for kind in (NotFound, Conflict, AlreadyExists, IdempotencyKeyReused))


CALLS = """
from uuid import UUID
from datetime import datetime
from services.runtime.act import Act
from services.runtime.decision import Decision
from services.runtime.writer import Writer
from tests.services.parcel import Parcel

async def calls(writer: Writer, act: Act, id: UUID, at: datetime) -> None:
    await writer.change(act, Parcel, id, Parcel.scan, at=at, place="Ribe")
    await writer.change(act, Parcel, id, Parcel.scan, at=at, place=7)  # wrong type
    await writer.change(act, Parcel, id, Parcel.scan, at=at)  # missing
    await writer.change(act, Parcel, id, Parcel.scan, at=at, place="Ribe", by="me")  # unknown
    await writer.change(act, Parcel, "id", Parcel.scan, at=at, place="Ribe")  # no uuid
    await writer.change(act, Parcel, id, str.upper)  # another's command
    await writer.decide(act, lambda decision: decision.load(Parcel, id))
    async def scan(decision: Decision) -> None:
        parcel = await decision.load(Parcel, id)
        reveal_type(parcel)
        parcel.scan(at=at)  # missing
    await writer.decide(act, scan)
"""


def test_a_wrong_argument_of_a_command_is_a_type_error(tmp_path: Path) -> None:
    file = tmp_path / "calls.py"
    file.write_text(CALLS)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--follow-imports=silent",
        str(file),
    ]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False).stdout
    wrong = {int(line) for line in re.findall(r"calls\.py:(\d+): error", told)}
    expected = {number for number, line in enumerate(CALLS.splitlines(), 1) if "  # " in line}
    assert wrong == expected, told
    assert 'Revealed type is "tests.services.parcel.Parcel"' in told
