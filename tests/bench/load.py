"""Loading a ticket of ten events from PostgreSQL, sealed fields opened, against the eventsourcing library's repository.

The library's side is its PostgreSQL recorder on psycopg with its defaults and no cipher; ours is a decision's load, with keys at hand as
they are after a first load within the minute ("cold": none is, so each load asks for them too). Both load one after another.
The long one is stated: it says whether snapshots are worth having.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from eventsourcing.application import Repository
from eventsourcing.persistence import EventStore as LibraryEventStore
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresDatastore

from domain.event import Aggregate, DomainEvent
from domain.tickets.ticket import Ticket
from services.runtime.decision import Decision
from tests.bench import Ground, Ratio, alternate
from tests.bench._ten_events import library_mapper, pending, ten_events, ten_small_events
from tests.ground import TestDatabase
from tests.services.parcel import NOON, Parcel
from tests.services.recording import Recording, act, recording

Make = Callable[[UUID, UUID], list[DomainEvent]]


async def run(ground: Ground) -> dict[str, Ratio]:
    """Loads a second."""
    database = ground.database()
    async with recording(database) as one:
        with library(database) as (store, repository):
            bench = Bench(ground, one, store, repository)
            return {
                "load.n10_events.vs_eventsourcing_repository": await bench.compare(ten_events, Ticket, target=2.5),
                "load.n10_events.cold.vs_eventsourcing_repository": await bench.compare(ten_events, Ticket, cold=True),
                "load.n10_events.small.vs_eventsourcing_repository": await bench.compare(ten_small_events, Parcel),
                "load.n1000_events.vs_eventsourcing_repository": await bench.compare(
                    thousand_events, Parcel, streams=2, times=10
                ),
            }


@dataclass
class Bench:
    ground: Ground
    one: Recording
    store: LibraryEventStore[UUID]
    repository: Repository[UUID]

    async def compare(
        self,
        make: Make,
        kind: type[Aggregate],
        *,
        streams: int = 200,
        times: int = 5,
        target: float | None = None,
        cold: bool = False,
    ) -> Ratio:
        one, loads = self.one, []
        for _ in range(streams):
            events = make(uuid4(), uuid4())
            await one.writer.add(act(), pending(events))
            self.store.put(events)
            loads.append(events[0].originator_id)
        loads *= times

        async def ours() -> float:
            began = perf_counter()
            for stream in loads:
                if cold:
                    one.keyring.forget_all()
                decision = Decision(act(), one.store, one.codec, one.keyring, one.digests)
                await decision.load(kind, stream)
            return len(loads) / (perf_counter() - began)

        def get_all() -> float:
            began = perf_counter()
            for stream in loads:
                self.repository.get(stream)
            return len(loads) / (perf_counter() - began)

        async def peer() -> float:
            return await asyncio.to_thread(get_all)

        await ours()
        await peer()
        return await alternate(Ratio("loads/s", target=target), ours, peer, self.ground.rounds)


@contextmanager
def library(database: TestDatabase) -> Iterator[tuple[LibraryEventStore[UUID], Repository[UUID]]]:
    where = urlsplit(database.owner_dsn)
    datastore = PostgresDatastore(
        dbname=where.path[1:],
        host=str(where.hostname),
        port=str(where.port),
        user=str(where.username),
        password=str(where.password),
    )
    recorder = PostgresAggregateRecorder(datastore, events_table_name="stored_events")
    recorder.create_table()
    store: LibraryEventStore[UUID] = LibraryEventStore(library_mapper(), recorder)
    try:
        yield store, Repository(store)
    finally:
        datastore.close()


def thousand_events(stream: UUID, recipient: UUID) -> list[DomainEvent]:
    """Half of them texts."""
    parcel = Parcel.send(at=NOON, recipient=recipient, name="Anna", id=stream)
    for i in range(999):
        if i % 2:
            parcel.leave_message(at=NOON, entry=uuid4(), text="ring twice, please, the bell is tired " * 4)
        else:
            parcel.scan(at=NOON, place="Ribe")
    return [event for event in parcel.collect_events() if isinstance(event, DomainEvent)]
