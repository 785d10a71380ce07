"""Whose key opens what, and how long it is at hand."""

from __future__ import annotations

import asyncio
import os
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.runtime.act import Expected
from services.runtime.command import RecordedEvent
from services.runtime.decision import Decision
from services.runtime.digests import Digests
from services.runtime.errors import PersonErased
from services.runtime.keys import EntryErased, Keyring, UnknownKeyEncryptionKey, Vault, rewrap
from services.runtime.sealing import SealBroken
from tests.ground import TestDatabase
from tests.services.parcel import NOON, Parcel, ParcelMessageLeft, ParcelSent
from tests.services.recording import Counting, Recording, act, recording

pytestmark = pytest.mark.anyio


async def sent(to: Recording, person: UUID, name: str = "Anna") -> UUID:
    parcel = Parcel.send(at=NOON, recipient=person, name=name)
    await to.writer.add(act(), parcel)
    return parcel.id


async def left(to: Recording, parcel: UUID, text: str = "ring twice") -> UUID:
    entry = uuid4()
    await to.writer.change(act(), Parcel, parcel, Parcel.leave_message, at=NOON, entry=entry, text=text)
    return entry


async def texts(at: Recording, parcel: UUID) -> list[str | None]:
    return [event.text.value for event in await at.events(parcel) if isinstance(event, ParcelMessageLeft)]


async def names(at: Recording, parcel: UUID) -> list[str | None]:
    return [event.name.value for event in await at.events(parcel) if isinstance(event, ParcelSent)]


async def test_a_person_gets_a_key_with_the_first_mention_and_keeps_it(database: TestDatabase) -> None:
    person = uuid4()
    async with recording(database) as one:
        first = await sent(one, person)
        key = await one.as_owner("SELECT wrapped, kek FROM store.person_keys WHERE person = $1", person)
        second = await sent(one.another(), person)
        assert key == await one.as_owner("SELECT wrapped, kek FROM store.person_keys WHERE person = $1", person)
        assert key[0]["kek"] == one.vault.current
        other = one.another()
        assert await names(other, first) + await names(other, second) == ["Anna", "Anna"]


async def test_every_entry_has_a_key_of_its_own_wrapped_by_its_persons(database: TestDatabase) -> None:
    person = uuid4()
    async with recording(database) as one:
        parcel = await sent(one, person)
        entries = {await left(one, parcel), await left(one, parcel)}
        rows = await one.as_owner("SELECT entry, person, stream, wrapped FROM store.entry_keys")
        assert {row["entry"] for row in rows} == entries
        assert {(row["person"], row["stream"]) for row in rows} == {(person, parcel)}
        assert len({row["wrapped"] for row in rows}) == 2
        assert await texts(one.another(), parcel) == ["ring twice", "ring twice"]


async def test_redaction_makes_one_entry_unreadable_and_no_other(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one, uuid4())
        gone, kept = await left(one, parcel, "secret"), await left(one, parcel, "open")

        async def redact(decision: Decision) -> None:
            await decision.load(Parcel, parcel)
            decision.destroy_entry(gone)

        await one.writer.decide(act(), redact)
        for reader in (one, one.another()):
            assert await texts(reader, parcel) == [None, "open"]
        with pytest.raises(EntryErased):
            await one.writer.change(act(), Parcel, parcel, Parcel.leave_message, at=NOON, entry=gone, text="again")
        await one.writer.change(act(), Parcel, parcel, Parcel.leave_message, at=NOON, entry=kept, text="more")
        assert await texts(one.another(), parcel) == [None, "open", "more"]


async def test_erasure_makes_all_of_a_person_unreadable_and_refuses_more(database: TestDatabase) -> None:
    person, other = uuid4(), uuid4()
    async with recording(database) as one:
        parcel, others = await sent(one, person), await sent(one, other, "Bo")
        await left(one, parcel)
        elsewhere = one.another()
        assert await texts(elsewhere, parcel) == ["ring twice"]
        await erase(one, person)
        assert (await texts(one, parcel), await names(one, parcel), await names(one, others)) == ([None], [None], ["Bo"])
        for process in (one, elsewhere, one.another()):
            with pytest.raises(PersonErased):
                await left(process, parcel)
            with pytest.raises(PersonErased):
                await sent(process, person)


async def test_what_another_process_has_at_hand_is_gone_after_a_minute(database: TestDatabase) -> None:
    person = uuid4()
    async with recording(database) as one:
        parcel = await sent(one, person)
        elsewhere = one.another()
        one.watch.now += 29
        assert await names(elsewhere, parcel) == ["Anna"]
        await erase(one, person)
        one.watch.now += 60
        assert await names(elsewhere, parcel) == [None]


async def test_a_key_is_used_for_a_minute_at_most_however_often_it_is_asked_for(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one, uuid4())
        reader = one.another()
        await names(reader, parcel)
        for _ in range(60):
            one.watch.now += 1
            await names(reader, parcel)
        assert len(reader.reads.asked) >= 2


async def test_a_batch_costs_one_query_and_the_next_one_none(database: TestDatabase) -> None:
    async with recording(database) as one:
        for _ in range(5):
            await left(one, await sent(one, uuid4()))
        reader = one.another()
        rows = await one.store.read(0, 100)
        opened = await reader.keyring.open_for(rows)
        assert len(reader.reads.asked) == 1
        assert all(opened.persons.values())
        assert (len(opened.persons), len(opened.entries)) == (5, 5)
        await reader.keyring.open_for(rows)
        assert len(reader.reads.asked) == 1


async def test_a_change_asks_for_keys_that_are_not_at_hand_and_for_no_others(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one, uuid4())
        await left(one, parcel)
        process = one.another()
        await process.writer.change(act(expected=Expected(2)), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")
        assert len(process.reads.asked) == 1
        await left(process, parcel)
        assert len(process.reads.asked) == 1


async def test_first_mentions_at_once_share_one_key(database: TestDatabase) -> None:
    person = uuid4()
    async with recording(database) as one:
        parcels = await asyncio.gather(*(sent(one.another(), person) for _ in range(12)))
        assert len(await one.as_owner("SELECT FROM store.person_keys")) == 1
        reader = one.another()
        assert [await names(reader, parcel) for parcel in parcels] == [["Anna"]] * 12


async def test_key_encryption_keys_rotate_without_touching_an_event_or_an_entry(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcels = [await sent(one, uuid4()) for _ in range(3)]
        await left(one, parcels[0])
        erased = uuid4()
        await sent(one, erased)
        await erase(one, erased)
        before = await one.as_owner("SELECT entry, wrapped FROM store.entry_keys")
        old = one.database.settings.key_encryption
        both = Vault({"new": os.urandom(32), **old})
        only_new = both.only_current()
        owner = await asyncpg.connect(database.owner_dsn)
        try:
            assert await rewrap(owner, both, at_once=2) == 3
            assert await rewrap(owner, both, at_once=2) == 0
        finally:
            await owner.close()
        assert await one.as_owner("SELECT entry, wrapped FROM store.entry_keys") == before
        reader = one.another()
        reader.keyring = Keyring(Counting(one.store), only_new)
        assert [await names(reader, parcel) for parcel in parcels] == [["Anna"]] * 3
        assert await texts(reader, parcels[0]) == ["ring twice"]


async def test_a_lost_key_encryption_key_is_named_and_stops_only_the_events_that_need_it(database: TestDatabase) -> None:
    async with recording(database) as one:
        parcel = await sent(one, uuid4())
        await one.writer.change(act(), Parcel, parcel, Parcel.scan, at=NOON, place="Ribe")
        reader = one.another()
        reader.keyring = Keyring(Counting(one.store), Vault({"elsewhere": os.urandom(32)}))
        rows: list[RecordedEvent] = await one.store.stream(parcel)
        keys = await reader.keyring.open_for(rows)
        assert one.codec.event(rows[1], keys).originator_version == 2
        with pytest.raises(UnknownKeyEncryptionKey, match=one.vault.current):
            one.codec.event(rows[0], keys)


async def test_keys_cannot_be_swapped_between_persons(database: TestDatabase) -> None:
    anna, bo = uuid4(), uuid4()
    async with recording(database) as one:
        parcel = await sent(one, anna)
        await sent(one, bo, "Bo")
        swap = (
            "UPDATE store.person_keys SET wrapped = (SELECT wrapped FROM store.person_keys WHERE person = $2) WHERE person = $1"
        )
        await one.as_owner(swap, anna, bo)
        with pytest.raises(SealBroken):
            await names(one.another(), parcel)


def test_a_digest_does_not_care_how_an_address_is_written() -> None:
    digests = Digests("a secret")
    assert digests.digest("email", " Åse@Example.ORG ") == digests.digest("email", "åse@example.org")
    assert digests.digest("email", "STRASSE@x.de") == digests.digest("email", "straße@x.de")
    assert digests.digest("message_id", "<A@x>") != digests.digest("message_id", "<a@x>")
    assert digests.digest("email", "a@x") != digests.digest("message_id", "a@x")
    assert digests.digest("email", "a@x") != Digests("another").digest("email", "a@x")


async def erase(one: Recording, person: UUID) -> None:
    async def erasure(decision: Decision) -> None:
        decision.destroy_person(person)

    await one.writer.decide(act(), erasure)
