"""What a command to the store does: whole or not at all, once, alone in its failure."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.errors import AlreadyExists, IdempotencyKeyReused
from services.runtime.command import Command, Lookup, Receipt
from services.runtime.errors import EpochMismatch, EventTooLarge, NotRecorded, VersionConflict
from services.runtime.event_store import EventStore
from services.runtime.position import Position
from tests.services.store.making import AT, STAFF, act, appending, entry_key, event, person_key


async def test_events_take_positions_in_order_and_come_back_with_their_envelope(store: EventStore) -> None:
    stream, organisation = uuid4(), uuid4()
    command = Command(
        act=act("k"), events=(event(stream, 1), event(stream, 2, organisation=organisation, classification="restricted"))
    )
    receipt = await store.append(command)
    assert receipt == Receipt(position=Position(1, 2), versions={stream: 2}, ids={})
    first, second = await store.stream(stream)
    assert (first.version, first.position, first.epoch, second.version, second.position) == (1, 1, 1, 2, 2)
    assert (second.organisation, second.classification, second.topic) == (organisation, "restricted", "ticket.tagged.v1")
    assert (second.actor_kind, second.actor, second.occurred_at) == ("user", STAFF.id, AT)
    assert (second.correlation, second.causation) == (command.act.correlation, command.act.causation)
    assert second.traceparent == command.act.traceparent
    assert second.recorded_at == first.recorded_at
    assert type(second.stream) is UUID
    assert await store.stream(stream, after=1) == await store.read(1, 10) == [second]
    assert await store.head() == Position(1, 2)


async def test_an_empty_log_has_its_head_at_zero(store: EventStore) -> None:
    assert await store.head() == Position(1, 0)
    assert await store.read(0, 10) == []


async def test_a_stream_that_moved_on_refuses_and_says_where_it_is(store: EventStore) -> None:
    stream = uuid4()
    await store.append(appending(stream, count=3))
    for version in (1, 3, 5):
        with pytest.raises(VersionConflict) as refused:
            await store.append(appending(stream, version))
        assert (refused.value.stream, refused.value.current) == (stream, 3)
    assert (await store.append(appending(stream, 4))).position == Position(1, 4)


async def test_a_stream_that_was_only_read_is_checked_too(store: EventStore) -> None:
    contract, ticket = uuid4(), uuid4()
    await store.append(appending(contract, count=2))
    with pytest.raises(VersionConflict) as refused:
        await store.append(appending(ticket, checks=((contract, 1),)))
    assert (refused.value.stream, refused.value.current) == (contract, 2)
    with pytest.raises(VersionConflict):
        await store.append(appending(ticket, checks=((uuid4(), 1),)))
    assert await store.stream(ticket) == []
    assert (await store.append(appending(ticket, checks=((contract, 2), (uuid4(), 0))))).versions == {ticket: 1}


async def test_events_on_several_streams_are_recorded_all_or_none(store: EventStore) -> None:
    one, other = uuid4(), uuid4()
    await store.append(appending(other))
    with pytest.raises(VersionConflict):
        await store.append(Command(act=act(), events=(event(one), event(other))))
    assert await store.stream(one) == []
    receipt = await store.append(Command(act=act(), events=(event(one), event(other, 2), event(one, 2))))
    assert receipt.versions == {one: 2, other: 2}
    assert [each.stream for each in await store.read(1, 10)] == [one, other, one]


async def test_versions_that_leave_a_hole_never_reach_the_database(store: EventStore) -> None:
    stream = uuid4()
    holes: list[tuple[Any, ...]] = [
        (event(stream, 1), event(stream, 3)),
        (event(stream, 2), event(stream, 2)),
        (event(stream, 0),),
    ]
    for events in holes:
        with pytest.raises(ValueError, match="follows"):
            await store.append(Command(act=act(), events=events))
    with pytest.raises(ValueError, match="follows"):
        await store.append(appending(stream, 1, checks=((stream, 4),)))
    assert await store.head() == Position(1, 0)


async def test_a_command_that_cannot_be_meant_harms_nobody_else(store: EventStore) -> None:
    stream = uuid4()
    with pytest.raises(ValueError, match="two versions"):
        await store.append(appending(uuid4(), checks=((stream, 1), (stream, 2))))
    with pytest.raises(TypeError):
        await store.append(appending(uuid4(), lookups=(Lookup(kind="k", digest=bytearray(b"d"), owner=stream),)))  # type: ignore[arg-type]
    assert (await store.append(appending(stream, checks=((uuid4(), 0),)))).position == Position(1, 1)


async def test_the_same_key_and_request_return_the_first_outcome(store: EventStore) -> None:
    stream = uuid4()
    first = await store.append(appending(stream, key="k", ids={"ticket": str(stream)}))
    again = await store.append(appending(uuid4(), key="k", ids={"ticket": "another"}))
    assert again == Receipt(position=first.position, versions={stream: 1}, ids={"ticket": str(stream)}, replayed=True)
    assert await store.head() == Position(1, 1)
    idempotency = act("k").idempotency
    assert idempotency is not None
    assert await store.first_outcome(idempotency) == again
    assert (await store.load(uuid4(), idempotency)).outcome == again


async def test_the_same_key_with_another_request_is_refused(store: EventStore) -> None:
    await store.append(appending(uuid4(), key="k"))
    other = act("k", b"another request")
    assert other.idempotency is not None
    with pytest.raises(IdempotencyKeyReused):
        await store.append(Command(act=other, events=(event(uuid4()),)))
    with pytest.raises(IdempotencyKeyReused):
        await store.first_outcome(other.idempotency)
    with pytest.raises(IdempotencyKeyReused):
        await store.load(uuid4(), other.idempotency)


async def test_a_key_belongs_to_its_principal(store: EventStore) -> None:
    await store.append(appending(uuid4(), key="k"))
    receipt = await store.append(Command(act=act("k", principal="staff:2"), events=(event(uuid4()),)))
    assert not receipt.replayed


async def test_an_outcome_without_an_event_is_kept_too(store: EventStore) -> None:
    first = await store.append(Command(act=act("k"), ids={"already": "so"}))
    assert first == Receipt(position=None, versions={}, ids={"already": "so"})
    assert (await store.append(Command(act=act("k")))).ids == {"already": "so"}
    assert await store.head() == Position(1, 0)


async def test_a_refusal_is_judged_anew(store: EventStore) -> None:
    stream = uuid4()
    with pytest.raises(VersionConflict):
        await store.append(appending(stream, 2, key="k"))
    await store.append(appending(stream, 1))
    assert not (await store.append(appending(stream, 2, key="k"))).replayed


async def test_only_a_keyed_hash_of_the_request_is_kept(store: EventStore, owner: Any) -> None:
    await store.append(Command(act=act("k", b"closed because of ada@example.org"), events=(event(uuid4()),)))
    kept = await owner.fetchval("SELECT request FROM store.idempotency")
    assert len(kept) == 32
    assert b"ada" not in kept


async def test_a_bad_command_fails_alone_in_its_batch(store: EventStore) -> None:
    taken, good = uuid4(), [uuid4() for _ in range(20)]
    await store.append(appending(taken, key="used"))
    lone = chr(0xD800)
    bad: list[tuple[Command, type[Exception]]] = [
        (appending(taken), VersionConflict),
        (Command(act=act("used", b"other"), events=(event(uuid4()),)), IdempotencyKeyReused),
        (Command(act=act("nul \0"), events=(event(uuid4()),)), NotRecorded),
        (Command(act=act(lone), events=(event(uuid4()),)), NotRecorded),
        (appending(uuid4(), key="ids", ids={"text": lone}), NotRecorded),
        (appending(uuid4(), key="zero", ids={"text": "\0"}), NotRecorded),
        (Command(act=act(), events=(event(uuid4(), classification="secret"),)), NotRecorded),
        (Command(act=act(), events=(event(uuid4(), state="not bytes"),)), NotRecorded),
        (Command(act=act(), events=(event(uuid4(), state=b"x" * (512 * 1024 + 1)),)), EventTooLarge),
        (appending(uuid4(), epoch=2), EpochMismatch),
    ]
    wanted = [appending(stream, key=str(stream)) for stream in good]
    mixed = [each for pair in zip(wanted, [command for command, _ in bad], strict=False) for each in pair] + wanted[len(bad) :]
    answers = await asyncio.gather(*(store.append(command) for command in mixed), return_exceptions=True)
    told = dict(zip(map(id, mixed), answers, strict=True))
    for command, refusal in bad:
        assert isinstance(told[id(command)], refusal), command
    assert all(isinstance(told[id(command)], Receipt) for command in wanted)
    positions = [row.position for row in await store.read(0, 100)]
    assert positions == list(range(1, 22))
    for command in wanted:
        receipt = told[id(command)]
        assert isinstance(receipt, Receipt)
        assert receipt.position is not None
        (row,) = await store.stream(command.events[0].stream)
        assert row.position == receipt.position.number


async def test_commands_on_one_stream_sent_at_once_are_judged_one_after_another(store: EventStore) -> None:
    stream = uuid4()
    answers = await asyncio.gather(*(store.append(appending(stream, version)) for version in range(1, 40)))
    assert [answer.versions[stream] for answer in answers] == list(range(1, 40))
    conflicting = await asyncio.gather(*(store.append(appending(stream, 40)) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(each, Receipt) for each in conflicting) == 1


async def test_one_key_sent_twice_at_once_is_recorded_once(store: EventStore) -> None:
    first, second = await asyncio.gather(store.append(appending(uuid4(), key="k")), store.append(appending(uuid4(), key="k")))
    assert sorted([first.replayed, second.replayed]) == [False, True]
    assert first.versions == second.versions
    assert await store.head() == Position(1, 1)


async def test_an_event_of_just_512_kib_is_recorded(store: EventStore) -> None:
    stream = uuid4()
    await store.append(Command(act=act(), events=(event(stream, state=b"x" * 512 * 1024),)))
    with pytest.raises(EventTooLarge) as refused:
        await store.append(Command(act=act(), events=(event(stream, 2, state=b"x" * (512 * 1024 + 1)),)))
    assert (refused.value.problem, refused.value.limit) == ("TOO_LONG", "524288")


async def test_one_batch_tells_listeners_once_where_the_head_is(store: EventStore, owner: Any) -> None:
    heard: list[str] = []
    await owner.add_listener("support_appended", lambda *told: heard.append(told[3]))
    await store.append(appending(uuid4(), count=3))
    with pytest.raises(VersionConflict):
        await store.append(appending(uuid4(), 2))
    await store.append(Command(act=act("no events")))
    await store.append(Command(act=act(), events=(event(uuid4()), event(uuid4()))))
    await owner.execute("SELECT 1")
    assert heard == ["3", "5"]


async def test_a_batch_with_refusals_announces_and_answers_the_positions_that_were_taken(store: EventStore, owner: Any) -> None:
    taken, streams = uuid4(), [uuid4() for _ in range(4)]
    await store.append(appending(taken))
    heard: list[str] = []
    await owner.add_listener("support_appended", lambda *told: heard.append(told[3]))
    sent = [
        appending(streams[0], key="a", count=2),
        appending(taken, count=3),
        appending(streams[1], key="b"),
        appending(taken, count=1),
    ]
    answers = await asyncio.gather(*(store.append(command) for command in sent), return_exceptions=True)
    assert [each.position for each in answers if isinstance(each, Receipt)] == [Position(1, 3), Position(1, 4)]
    for key, position in (("a", 3), ("b", 4)):
        assert await owner.fetchval("SELECT position FROM store.idempotency WHERE key = $1", key) == position
    assert heard[-1] == "4"


async def test_positions_go_on_after_an_epoch_began(store: EventStore, owner: Any) -> None:
    await store.append(appending(uuid4(), count=2))
    await owner.execute("INSERT INTO store.logs (epoch, began_at, base) VALUES (2, now(), 2)")
    with pytest.raises(EpochMismatch) as refused:
        await store.append(appending(uuid4(), epoch=1))
    assert (refused.value.expected, refused.value.current) == (1, 2)
    assert (await store.append(appending(uuid4(), epoch=2))).position == Position(2, 3)
    assert (await store.load(uuid4())).epoch == 2


async def test_a_log_that_lost_everything_goes_on_after_the_base_of_its_epoch(store: EventStore, owner: Any) -> None:
    await owner.execute("INSERT INTO store.logs (epoch, began_at, base) VALUES (2, now(), 41)")
    assert await store.head() == Position(2, 41)
    assert (await store.append(appending(uuid4()))).position == Position(2, 42)


async def test_look_ups_are_reserved_once_and_handed_over(store: EventStore) -> None:
    mine, yours = uuid4(), uuid4()
    held = Lookup(kind="email", digest=b"d", owner=mine)
    await store.append(appending(mine, lookups=(held,)))
    assert await store.find("email", b"d") == mine
    assert await store.find("phone", b"d") is None
    with pytest.raises(AlreadyExists) as refused:
        await store.append(appending(yours, lookups=(Lookup(kind="email", digest=b"d", owner=yours),)))
    assert refused.value.existing == mine
    await store.append(appending(mine, 2, lookups=(held,)))
    release = Lookup(kind="email", digest=b"d", owner=mine, op="release")
    await store.append(appending(yours, lookups=(Lookup(kind="email", digest=b"d", owner=yours), release)))
    assert await store.find("email", b"d") == yours
    await store.append(appending(mine, 3, lookups=(release,)))
    assert await store.find("email", b"d") == yours, "only its owner releases it"


async def test_a_refused_command_leaves_nothing_beside_the_log(store: EventStore, owner: Any) -> None:
    stream, person, entry = uuid4(), uuid4(), uuid4()
    with pytest.raises(VersionConflict):
        await store.append(
            appending(
                stream,
                2,
                key="k",
                person_keys=(person_key(person),),
                entry_keys=(entry_key(entry, person, stream),),
                lookups=(Lookup(kind="m", digest=b"d", owner=stream),),
            )
        )
    for table in ("stored_events", "idempotency", "person_keys", "entry_keys", "lookups"):
        assert await owner.fetchval(f"SELECT count(*) FROM store.{table}") == 0, table


async def test_whoever_sends_a_snapshot_older_than_the_lock_is_stopped(store: EventStore, owner: Any) -> None:
    with pytest.raises(asyncpg.RaiseError, match="READ COMMITTED"):
        async with owner.transaction(isolation="repeatable_read"):
            await owner.execute("SELECT store.append(NULL, '{}', '{}', NULL, NULL)")
