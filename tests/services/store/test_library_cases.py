"""The eventsourcing library's own recorder cases against our store, through a synchronous face over it.

What does not apply, and why:
- TrackingRecorderTestCase, ProcessRecorderTestCase: they record how far a reader is with the events it makes. Our projector keeps its
  checkpoint beside its read models, in its own transaction and schema; the store has no such table.
- InfrastructureFactoryTestCase, TranscoderTestCase: they make and test the library's own classes, which no store of ours replaces.
- test_performance, test_concurrent_throughput: they run, but assert nothing about time; tests/bench measures.

A library's version may begin at 0 or 1; ours counts from 1, so the face adds one and the cases run with INITIAL_VERSION 0.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    StoredEvent,
    Subscription,
)
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from services.runtime.act import Act
from services.runtime.command import Command, NewEvent, RecordedEvent
from services.runtime.errors import VersionConflict
from services.runtime.event_store import EventStore, open_store
from services.runtime.postgres import Connection, Login
from tests.ground import TestDatabase
from tests.services.store.making import SECRET, STAFF

T = TypeVar("T")
OFFSET = 1


class Loop:
    """An event loop in a thread of its own, for callers that have none."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Face(AggregateRecorder):
    """The store as the library's aggregate recorder."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database
        self.loop = Loop()
        self._opened = open_store(database.settings.postgres("append"), secret=SECRET)
        self.store: EventStore = self.loop.run(self._enter())

    async def _enter(self) -> EventStore:
        return await self._opened.__aenter__()

    async def _leave(self) -> None:
        await self._opened.__aexit__(None, None, None)

    def close(self) -> None:
        self.loop.run(self._leave())
        self.loop.end()

    def append(self, stored_events: Sequence[StoredEvent]) -> Sequence[int]:
        """The positions that these events took, recorded as one command."""
        events = tuple(
            NewEvent(
                stream=UUID(str(each.originator_id)),
                version=each.originator_version + OFFSET,
                topic=each.topic,
                state=each.state,
                classification="confidential",
                organisation=None,
                occurred_at=datetime.now(UTC),
            )
            for each in stored_events
        )
        try:
            receipt = self.loop.run(self.store.append(Command(act=Act(STAFF, datetime.now(UTC), uuid4()), events=events)))
        except (VersionConflict, ValueError) as error:
            raise IntegrityError(str(error)) from error
        assert receipt.position is not None
        last = receipt.position.number
        return range(last - len(events) + 1, last + 1)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        if stored_events:
            self.append(stored_events)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        after = 0 if gt is None else gt + OFFSET
        rows = [
            each
            for each in self.loop.run(self.store.stream(UUID(str(originator_id)), after))
            if lte is None or each.version <= lte + OFFSET
        ]
        ordered = rows[::-1] if desc else rows
        return [StoredEvent(each.stream, each.version - OFFSET, each.topic, each.state) for each in ordered[:limit]]


class ApplicationFace(Face, ApplicationRecorder):
    """The store as the library's application recorder."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        return list(self.append(stored_events)) if stored_events else []

    def max_notification_id(self) -> int | None:
        return self.loop.run(self.store.head()).number or None

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - inclusive_of_start
        found: list[Notification] = []
        while len(found) < limit:
            rows: list[RecordedEvent] = self.loop.run(self.store.read(after, limit))
            wanted = [each for each in rows if (stop is None or each.position <= stop) and (not topics or each.topic in topics)]
            found += [
                Notification(each.stream, each.version - OFFSET, each.topic, each.state, each.position) for each in wanted
            ]
            if len(rows) < limit or (stop is not None and rows[-1].position >= stop):
                break
            after = rows[-1].position
        return found[:limit]

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return Listening(self, gt, topics)


class Listening(ListenNotifySubscription[ApplicationFace]):
    """The library's subscription, woken by what the append function announces."""

    def __init__(self, recorder: ApplicationFace, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._connection: Connection = recorder.loop.run(self._listen(recorder))

    async def _listen(self, recorder: ApplicationFace) -> Connection:
        connection = await Login(recorder.database.settings.postgres("append")).connect()
        await connection.add_listener("support_appended", lambda *_: self._has_been_notified.set())
        return connection

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._recorder.loop.run(self._connection.close())


class OnOurStore:
    """Each case on a fresh database."""

    INITIAL_VERSION = 0
    database: TestDatabase
    face: type[Face] = ApplicationFace

    @pytest.fixture(autouse=True)
    def _on_a_fresh_database(self, database: TestDatabase) -> Iterator[None]:
        self.database = database
        self.made: list[Face] = []
        yield
        for each in self.made:
            each.close()

    def create_recorder(self) -> Any:
        self.made.append(self.face(self.database))
        return self.made[-1]


class TestAggregateRecorder(OnOurStore, AggregateRecorderTestCase):
    face = Face


class TestApplicationRecorder(OnOurStore, ApplicationRecorderTestCase[ApplicationFace]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(OnOurStore, NonInterleavingNotificationIDsBaseCase):
    pass
