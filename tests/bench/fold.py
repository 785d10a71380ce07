"""Decoding and folding ten events in memory, against the eventsourcing library's mapper and projector.

Both sides fold the same aggregates from the same events and hold texts unsealed: ours skips what is sealed, as a reader without keys
does; the library has no cipher. The target is on the real ticket, whose own memory costs both sides the same. Stated beside it: with every
text opened, which the library has not to do, and an aggregate that remembers little, which weighs mapper and projector alone.
"""

from __future__ import annotations

from time import perf_counter
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.event import DomainEvent
from services.runtime.codec import Codec
from services.runtime.sealing import NOTHING, Keys, Opened, new_key
from tests.bench import Ground, Ratio, alternate
from tests.bench._ten_events import library_fold, library_mapper, ten_events, ten_small_events

FOLDS = 3_000


async def run(ground: Ground) -> dict[str, Ratio]:
    """Folds a second."""
    person = uuid4()
    small, ticket = ten_small_events(uuid4(), person), ten_events(uuid4(), person)
    return {
        "fold.n10_events.vs_eventsourcing": await _compare(ground, ticket, None, 5),
        "fold.n10_events.opened.vs_eventsourcing": await _compare(ground, ticket, person, None),
        "fold.n10_events.small.vs_eventsourcing": await _compare(ground, small, None, None),
    }


async def _compare(ground: Ground, events: list[DomainEvent], opened_of: UUID | None, target: float | None) -> Ratio:
    codec, mapper, every = Codec(), library_mapper(), keys_for(events)
    keys: Keys = every if opened_of else NOTHING
    stored = [(event.TOPIC, codec.encode(event, every), event.originator_id, event.originator_version) for event in events]
    library_stored = [mapper.to_stored_event(event) for event in events]

    def fold() -> object:
        aggregate = None
        for topic, state, stream, version in stored:
            aggregate = codec.decode(topic, state, stream, version, keys).mutate(aggregate)
        return aggregate

    def peer_fold() -> object:
        return library_fold(mapper, library_stored)

    if opened_of:
        assert _memory(fold()) == _memory(peer_fold()), "both sides must come to the same"

    async def ours() -> float:
        began = perf_counter()
        for _ in range(FOLDS):
            fold()
        return FOLDS / (perf_counter() - began)

    async def peer() -> float:
        began = perf_counter()
        for _ in range(FOLDS // 4):
            peer_fold()
        return FOLDS // 4 / (perf_counter() - began)

    return await alternate(Ratio("folds/s", target=target), ours, peer, ground.rounds)


def _memory(aggregate: object) -> dict[str, object]:
    # The library's JSON has no tuples.
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(aggregate).items()}


def keys_for(events: list[DomainEvent]) -> Opened:
    """A key for everybody and everything that is mentioned."""
    codec, keys = Codec(), Opened({}, {})
    for event in events:
        for personal in codec.personal(event):
            keys.persons.setdefault(personal.of, AESGCM(new_key()))
            if personal.key:
                keys.entries.setdefault(personal.key, (personal.of, AESGCM(new_key())))
    return keys
