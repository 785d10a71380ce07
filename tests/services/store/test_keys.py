"""What the store itself guarantees of keys: none is made twice, none comes back, and nothing is sealed with a destroyed one."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.runtime.command import Command, Lookup
from services.runtime.errors import PersonErased, VersionConflict
from services.runtime.event_store import EventStore
from tests.services.store.making import act, appending, entry_key, person_key


async def test_a_person_gets_a_key_once(store: EventStore) -> None:
    person = uuid4()
    await store.append(appending(uuid4(), person_keys=(person_key(person),)))
    with pytest.raises(VersionConflict) as refused:
        await store.append(appending(uuid4(), person_keys=(person_key(person),)))
    assert (refused.value.stream, refused.value.current) == (person, 0)


async def test_two_commands_that_make_the_same_key_at_once_are_judged_one_after_another(store: EventStore) -> None:
    person = uuid4()
    sent = [appending(uuid4(), person_keys=(person_key(person),)) for _ in range(5)]
    answers = await asyncio.gather(*(store.append(each) for each in sent), return_exceptions=True)
    assert sum(isinstance(each, VersionConflict) for each in answers) == 4


async def test_nothing_is_sealed_for_a_person_without_a_key(store: EventStore) -> None:
    stream = uuid4()
    with pytest.raises(PersonErased):
        await store.append(appending(stream, entry_keys=(entry_key(uuid4(), uuid4(), stream),)))
    with pytest.raises(PersonErased):
        await store.append(appending(stream, uses=(uuid4(),)))


async def test_erasure_destroys_the_keys_and_look_ups_of_the_person_alone(store: EventStore, owner: Any) -> None:
    person, other, stream = uuid4(), uuid4(), uuid4()
    mine, theirs = uuid4(), uuid4()
    await store.append(
        appending(
            stream,
            person_keys=(person_key(person), person_key(other)),
            entry_keys=(entry_key(mine, person, stream), entry_key(theirs, other, stream)),
            lookups=(
                Lookup(kind="email", digest=b"1", owner=person, subject=person),
                Lookup(kind="email", digest=b"2", owner=other, subject=other),
                Lookup(kind="message", digest=b"3", owner=stream),
            ),
        )
    )
    await store.append(appending(person, destroy_persons=(person,)))
    assert await _destroyed(owner, "person_keys", "person") == {person}
    assert await _destroyed(owner, "entry_keys", "entry") == {mine}
    assert await store.find("email", b"1") is None
    assert (await store.find("email", b"2"), await store.find("message", b"3")) == (other, stream)
    for refused in (
        appending(stream, 2, uses=(person,)),
        appending(stream, 2, entry_keys=(entry_key(uuid4(), person, stream),)),
        appending(stream, 2, person_keys=(person_key(person),)),
    ):
        with pytest.raises(PersonErased) as told:
            await store.append(refused)
        assert told.value.person == person
    await store.append(appending(stream, 2, uses=(other,)))


async def test_redaction_destroys_one_entry(store: EventStore, owner: Any) -> None:
    person, stream, entry, beside = uuid4(), uuid4(), uuid4(), uuid4()
    keys = (entry_key(entry, person, stream), entry_key(beside, person, stream))
    await store.append(appending(stream, person_keys=(person_key(person),), entry_keys=keys))
    await store.append(appending(stream, 2, destroy_entries=(entry,)))
    assert await _destroyed(owner, "entry_keys", "entry") == {entry}
    assert await _destroyed(owner, "person_keys", "person") == set()


async def test_whoever_never_had_a_key_can_be_erased_and_gets_none_afterwards(store: EventStore) -> None:
    person = uuid4()
    await store.append(Command(act=act(), destroy_persons=(person,)))
    with pytest.raises(PersonErased):
        await store.append(appending(uuid4(), person_keys=(person_key(person),)))


async def test_erasing_and_sealing_for_a_person_at_once_never_meet_in_one_batch(store: EventStore, owner: Any) -> None:
    person, streams = uuid4(), [uuid4() for _ in range(30)]
    await store.append(appending(uuid4(), person_keys=(person_key(person),)))
    sent = [appending(stream, entry_keys=(entry_key(uuid4(), person, stream),)) for stream in streams]
    sent.insert(15, Command(act=act(), destroy_persons=(person,)))
    answers = await asyncio.gather(*(store.append(each) for each in sent), return_exceptions=True)
    assert sum(isinstance(each, PersonErased) for each in answers) == 15
    assert await owner.fetchval("SELECT count(*) FROM store.entry_keys WHERE wrapped IS NOT NULL") == 0


async def _destroyed(owner: Any, table: str, column: str) -> set[UUID]:
    rows = await owner.fetch(f"SELECT {column}, wrapped FROM store.{table} WHERE destroyed_at IS NOT NULL")
    assert all(row["wrapped"] is None for row in rows)
    return {UUID(bytes=row[column].bytes) for row in rows}
