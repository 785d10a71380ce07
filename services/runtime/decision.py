"""One decision under way: what it rests on, what it records, all or nothing.

Whatever is loaded is checked again under the append lock, so nothing is decided on what changed meanwhile, also where it was only read.
"""

from __future__ import annotations

from secrets import token_bytes
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.errors import Conflict, NotFound
from domain.event import Aggregate, DomainEvent
from services.runtime.act import Act
from services.runtime.codec import Codec
from services.runtime.command import Command, Loaded, Lookup, NewEvent, Receipt
from services.runtime.digests import Digests
from services.runtime.errors import EpochMismatch
from services.runtime.keys import Keyring
from services.runtime.sealing import NOTHING, Opened

if TYPE_CHECKING:
    from services.runtime.event_store import EventStore

A = TypeVar("A", bound=Aggregate)


class AlreadyDone(BaseException):
    """The idempotency key has an outcome: nothing is decided. Not an Exception, so that no decision catches it by mistake."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__()
        self.receipt = receipt


class Decision:
    """Handed to the function given to `Writer.decide`; used in one attempt and thrown away."""

    def __init__(self, act: Act, store: EventStore, codec: Codec, keyring: Keyring, digests: Digests) -> None:
        self.act = act
        self._store = store
        self._codec = codec
        self._keyring = keyring
        self._digests = digests
        self._looked = act.idempotency is None
        self._judged = act.expected is None
        self._epoch: int | None = None
        self._loaded: dict[UUID, Aggregate] = {}
        self._versions: dict[UUID, int] = {}
        self._visible: dict[UUID, int] = {}
        self._absent: set[UUID] = set()
        self._opened = Opened({}, {})
        self._lookups: list[Lookup] = []
        self._entries: list[UUID] = []
        self._persons: list[UUID] = []
        self._ids: dict[str, str] = {}

    @property
    def causation(self) -> str | None:
        """The event that caused the act, `<epoch>/<stream uuid>/<version>`; None when it came from outside."""
        return self.act.causation

    async def load(self, kind: type[A], id: UUID, *, seen: bool = True) -> A:
        """The aggregate as it stands. Raises NotFound, and Conflict where the caller saw another version.

        The version the caller saw (`act.expected`) is that of the first aggregate loaded with `seen`; load what the caller did not
        look at, if it comes earlier, with seen=False. Loading again gives the same aggregate, and judges it then if not before.
        """
        if id in self._loaded:
            known = self._of_kind(kind, self._loaded[id])
            if seen:
                self._judge(id)
            return known
        if id in self._absent:
            raise NotFound(NO_SUCH)
        loaded = await self._store.load(id, None if self._looked else self.act.idempotency)
        self._looked = True
        if loaded.outcome is not None:
            raise AlreadyDone(loaded.outcome)
        if self._epoch is not None and loaded.epoch != self._epoch:
            raise EpochMismatch(self._epoch, loaded.epoch)
        self._epoch = loaded.epoch
        if not loaded.events:
            self._absent.add(id)
            self._versions[id] = 0  # that it is not there is judged again, too
        aggregate = await self._replay(kind, id, loaded)
        self._loaded[id] = aggregate
        self._versions[id] = aggregate.version
        self._visible[id] = getattr(aggregate, "visible_version", aggregate.version)
        if seen:
            self._judge(id)
        return aggregate

    def add(self, aggregate: Aggregate) -> None:
        """Record a new aggregate. Its stream must not exist yet."""
        self._loaded[aggregate.id] = aggregate
        self._versions[aggregate.id] = self._visible[aggregate.id] = 0

    async def find(self, kind: str, value: str) -> UUID | None:
        """Whose this address, Message-ID or reservation is. No check: what must stay true is reserved."""
        await self._look()
        return await self._store.find(kind, self._digests.digest(kind, value))

    def reserve(self, kind: str, value: str, owner: UUID, subject: UUID | None = None) -> None:
        """Make it the owner's, until released or the subject is erased. The append raises AlreadyExists where it is another's."""
        self._lookups.append(Lookup(kind=kind, digest=self._digests.digest(kind, value), owner=owner, subject=subject))

    def release(self, kind: str, value: str, owner: UUID) -> None:
        """Give back what the owner has reserved."""
        self._lookups.append(Lookup(kind=kind, digest=self._digests.digest(kind, value), owner=owner, op="release"))

    async def subjects(self, kind: str, owner: UUID) -> list[UUID]:
        """Of whom the look-ups are that the owner holds. No check: shut the door first."""
        await self._look()
        return await self._store.subjects(owner, kind)

    def destroy_entry(self, entry: UUID) -> None:
        """Destroy the key of a message or note: what it says can never be read again."""
        self._entries.append(entry)

    def destroy_person(self, person: UUID) -> None:
        """Destroy a person's key, those of all their entries, and the look-ups that lead to them."""
        self._persons.append(person)

    def remember(self, **ids: UUID | str) -> None:
        """Ids that the receipt gives back, now and whenever the same key comes again."""
        self._ids.update({name: str(value) for name, value in ids.items()})

    async def next_ref(self, kind: str = "ticket") -> int:
        """The next number of this kind for people to quote. Numbers may be left out, none comes twice."""
        await self._look()
        return await self._store.next_ref(kind)

    def new_id(self) -> UUID:
        """An id for something new (UUIDv7: later ones sort later)."""
        return uuid7()

    def secret(self, length: int) -> bytes:
        """Random bytes for a token that is told once."""
        return token_bytes(length)

    def derived(self, purpose: str, value: str) -> bytes:
        """What nobody else can make of this value, and whoever comes with it has from us: for tokens of which nothing is kept."""
        return self._digests.digest(f"derived {purpose}", value)

    def is_new(self, stream: UUID) -> bool:
        """Whether this decision wants to begin the stream."""
        return self._versions.get(stream) == 0

    async def command(self) -> Command | None:
        """All of it as one command, sealed and encoded; None where there is nothing to record and no key to keep an outcome for."""
        events = [(each, cast("DomainEvent", event)) for each in self._loaded.values() for event in each.pending_events]
        wanted = [
            (personal.of, personal.key, event.originator_id)
            for _, event in events
            for personal in self._codec.personal(event)
            if personal.value is not None
        ]
        sealing = await self._keyring.sealing(wanted, self._opened) if wanted else None
        keys = sealing.keys if sealing else NOTHING
        written = tuple(
            NewEvent(
                stream=event.originator_id,
                version=event.originator_version,
                topic=event.TOPIC,
                state=self._codec.encode(event, keys),
                classification=event.CLASS.value,
                organisation=aggregate.audience(event),
                occurred_at=event.timestamp,
            )
            for aggregate, event in events
        )
        if not (written or self._lookups or self._entries or self._persons or self.act.idempotency):
            return None
        changed = {event.stream for event in written}
        return Command(
            act=self.act,
            events=written,
            checks=tuple((stream, version) for stream, version in self._versions.items() if stream not in changed),
            person_keys=sealing.person_keys if sealing else (),
            entry_keys=sealing.entry_keys if sealing else (),
            uses=sealing.uses if sealing else (),
            lookups=tuple(self._lookups),
            destroy_entries=tuple(self._entries),
            destroy_persons=tuple(self._persons),
            ids=self._ids,
            epoch=self._epoch,
        )

    @property
    def ids(self) -> dict[str, str]:
        """What was remembered."""
        return self._ids

    def recorded(self) -> None:
        """The command was accepted: nothing is pending any more, and what was destroyed is let go of."""
        for aggregate in self._loaded.values():
            aggregate.collect_events()
        if self._entries or self._persons:
            self._keyring.forget(persons=self._persons, entries=self._entries)

    async def _look(self) -> None:
        if not self._looked and self.act.idempotency is not None:
            self._looked = True
            outcome = await self._store.first_outcome(self.act.idempotency)
            if outcome is not None:
                raise AlreadyDone(outcome)

    async def _replay(self, kind: type[A], stream: UUID, loaded: Loaded) -> A:
        rows = loaded.events
        if not rows or rows[0].topic.partition(".")[0] != kind.TOPIC:
            raise NotFound(NO_SUCH)
        keys = await self._keyring.open_for(rows)
        self._opened.persons.update(keys.persons)
        self._opened.entries.update(keys.entries)
        aggregate: Aggregate | None = None
        decode = self._codec.decode
        for row in rows:
            aggregate = decode(row.topic, row.state, stream, row.version, keys).mutate(aggregate)
        return self._of_kind(kind, aggregate)

    @staticmethod
    def _of_kind(kind: type[A], aggregate: Aggregate | None) -> A:
        if not isinstance(aggregate, kind):
            raise NotFound(NO_SUCH)
        return aggregate

    def _judge(self, id: UUID) -> None:
        """As it was loaded, whatever this decision has changed since."""
        expected = self.act.expected
        if self._judged or expected is None:
            return
        self._judged = True
        current = self._visible[id] if expected.visible else self._versions[id]
        if current != expected.version:
            raise Conflict("this changed since you looked; look again before you change it", current_version=current)


NO_SUCH = "there is nothing with this id that you may see"
