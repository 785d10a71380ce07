"""Whose key opens what: key-encryption key (settings) → person → entry.

Redaction destroys one entry's key, erasure the person's. Other processes go on reading with what they hold for a minute at most, and
sealing with a destroyed key is refused by the append function, which alone knows. A batch of events costs one query for all keys
that are not at hand, or none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import Refused
from services.runtime.command import NewEntryKey, NewPersonKey
from services.runtime.errors import PersonErased
from services.runtime.sealing import Opened, SealBroken, new_key, unwrap, wrap

CACHE_SECONDS = 60.0
_MENTION = re.compile(rb'"of":"([0-9a-f-]{36})"(?:,"key":"([0-9a-f-]{36})")?')
_BOTH = """
SELECT person, NULL::uuid AS entry, wrapped, kek FROM store.person_keys WHERE person = ANY($1::uuid[])
UNION ALL
SELECT person, entry, wrapped, NULL FROM store.entry_keys WHERE entry = ANY($2::uuid[])
ORDER BY entry NULLS FIRST"""
Wanted = Iterable[tuple[UUID, UUID | None, UUID]]
"""For what something is to be sealed: (person, entry or None, stream)."""
V = TypeVar("V")
_TO_REWRAP = """
SELECT person, wrapped, kek FROM store.person_keys
WHERE wrapped IS NOT NULL AND kek <> $1 ORDER BY person LIMIT $2 FOR UPDATE"""
_REWRAP = "UPDATE store.person_keys SET wrapped = $2, kek = $3 WHERE person = $1"


class EntryErased(Refused):
    """Something was to be sealed for an entry that was redacted."""

    code = "NOT_FOUND"

    def __init__(self, entry: UUID) -> None:
        super().__init__("this entry was redacted; nothing more can be recorded in it")
        self.entry = entry


class UnknownKeyEncryptionKey(LookupError):
    """A person's key is wrapped by a key-encryption key that the settings lack: give it back to them, behind the current one."""


class Reader(Protocol):
    """An asyncpg pool or connection that may select from store.person_keys and store.entry_keys."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]: ...


class Stored(Protocol):
    """A row of the log, as far as its keys go."""

    @property
    def state(self) -> bytes: ...


class Sealing(msgspec.Struct, frozen=True):
    """What it takes to seal the events of one command: the keys, those that the command has to record, and the persons it relies on."""

    keys: Opened
    person_keys: tuple[NewPersonKey, ...]
    entry_keys: tuple[NewEntryKey, ...]
    uses: tuple[UUID, ...]


class Vault:
    """The key-encryption keys: the first wraps, the others still open what they wrapped."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self.current = next(iter(keys))

    def wrap(self, person: UUID, key: bytes) -> NewPersonKey:
        """A person's key under the current one."""
        return NewPersonKey(person=person, wrapped=wrap(self._ciphers[self.current], key, f"person/{person}"), kek=self.current)

    def unwrap(self, person: UUID, wrapped: bytes, kek: str | None) -> bytes:
        """A person's key. Raises UnknownKeyEncryptionKey, SealBroken."""
        cipher = self._ciphers.get(kek or "")
        if cipher is None:
            raise UnknownKeyEncryptionKey(f"the settings have no key-encryption key named {kek}")
        return unwrap(cipher, wrapped, f"person/{person}")

    def only_current(self) -> Vault:
        """Without the older ones: what the settings may become once all was wrapped anew."""
        alone = Vault.__new__(Vault)
        alone.current = self.current
        alone._ciphers = {self.current: self._ciphers[self.current]}
        return alone

    def __repr__(self) -> str:
        return f"Vault(current={self.current!r}, {len(self._ciphers)} keys)"


class _Unusable:
    """In the place of a key that cannot be unwrapped: only the events that need it fail, not the batch they came in."""

    def __init__(self, why: SealBroken | UnknownKeyEncryptionKey) -> None:
        self._why = why

    def decrypt(self, *_: bytes) -> bytes:
        raise self._why

    encrypt = decrypt


class Aging(Generic[V]):
    """Keeps a value for half of `seconds` at least and all of them at most: every half the older of two generations goes."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._half = seconds / 2
        self._clock = clock
        self._turned = clock()
        self._young: dict[UUID, V] = {}
        self._old: dict[UUID, V] = {}

    def turn(self) -> None:
        """Let go of what is too old. To be called before a round of look-ups."""
        gone = self._clock() - self._turned
        if gone >= self._half:
            self._old = self._young if gone < 2 * self._half else {}
            self._young = {}
            self._turned += gone - gone % self._half

    def pick(self, wanted: Iterable[UUID], into: dict[UUID, V]) -> list[UUID]:
        """Those that are kept go into the dict; the others are returned."""
        missing = []
        for key in wanted:
            if key in self._young:
                into[key] = self._young[key]
            elif key in self._old:
                into[key] = self._old[key]
            else:
                missing.append(key)
        return missing

    def find(self, key: UUID) -> V | None:
        """None is also what is kept for a key that is destroyed."""
        return self._young.get(key) or self._old.get(key)

    def keep(self, key: UUID, value: V) -> None:
        self._old.pop(key, None)
        self._young[key] = value

    def drop(self, which: Callable[[UUID, V], bool]) -> None:
        self._young = {key: value for key, value in self._young.items() if not which(key, value)}
        self._old = {key: value for key, value in self._old.items() if not which(key, value)}


class Keyring:
    """The keys at hand in this process, and the making of new ones."""

    def __init__(self, reader: Reader, vault: Vault, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._vault = vault
        self._persons: Aging[AESGCM | None] = Aging(CACHE_SECONDS, clock)
        self._entries: Aging[tuple[UUID, AESGCM | None]] = Aging(CACHE_SECONDS, clock)

    async def of_person(self, person: UUID) -> AESGCM | None:
        """A person's key, for what is theirs and no event; None once it is destroyed, and where there never was one."""
        return (await self._gather({person}, set())).persons.get(person)

    async def open_for(self, rows: Iterable[Stored]) -> Opened:
        """All keys that these rows mention, destroyed ones as None; one query at most."""
        persons, entries = _mentioned(rows)
        return await self._gather(persons, entries)

    async def sealing(self, wanted: Wanted, at_hand: Opened) -> Sealing:
        """The keys to seal with, made where there is none yet. Raises PersonErased, EntryErased.

        `at_hand` are those that opened the streams of the command; an entry that none of them mentions is a new one.
        """
        wanted = list(wanted)
        persons = {of for of, _, _ in wanted}
        found = await self._gather(persons - at_hand.persons.keys(), set())
        ciphers = {**at_hand.persons, **found.persons}
        entries = dict(at_hand.entries)
        person_keys: list[NewPersonKey] = []
        entry_keys: list[NewEntryKey] = []
        for person in persons:
            if person not in ciphers:
                key = new_key()
                person_keys.append(self._vault.wrap(person, key))
                ciphers[person] = AESGCM(key)
        for person, entry, stream in wanted:
            by = ciphers[person]
            if by is None:
                raise PersonErased(person)
            if entry is None:
                continue
            if entry not in entries:
                key = new_key()
                entry_keys.append(
                    NewEntryKey(entry=entry, person=person, stream=stream, wrapped=wrap(by, key, f"entry/{entry}"))
                )
                entries[entry] = (person, AESGCM(key))
            elif entries[entry][1] is None:
                raise EntryErased(entry)
        judged = {key.person for key in person_keys} | {key.person for key in entry_keys}
        return Sealing(Opened(ciphers, entries), tuple(person_keys), tuple(entry_keys), tuple(persons - judged))

    def forget(self, *, persons: Iterable[UUID] = (), entries: Iterable[UUID] = ()) -> None:
        """After they were destroyed here, or turned out to be others': let go at once."""
        gone = set(persons)
        self._persons.drop(lambda person, _: person in gone)
        self._entries.drop(lambda _, kept: kept[0] in gone)
        redacted = set(entries)
        self._entries.drop(lambda entry, _: entry in redacted)

    def forget_all(self) -> None:
        """After the log was restored, when keys may have been made anew."""
        self._persons.drop(lambda *_: True)
        self._entries.drop(lambda *_: True)

    async def _gather(self, persons: Iterable[UUID], entries: Iterable[UUID]) -> Opened:
        self._persons.turn()
        self._entries.turn()
        opened = Opened({}, {})
        no_persons = self._persons.pick(persons, opened.persons)
        no_entries = self._entries.pick(entries, opened.entries)
        if no_persons or no_entries:
            for row in await self._reader.fetch(_BOTH, no_persons, no_entries):
                if row["entry"] is None:
                    self._keep_person(row["person"], row["wrapped"], row["kek"])
                else:
                    self._keep_entry(row["entry"], row["person"], row["wrapped"])
            self._persons.pick(no_persons, opened.persons)
            self._entries.pick(no_entries, opened.entries)
        return opened

    def _keep_person(self, person: UUID, wrapped: bytes | None, kek: str | None) -> None:
        cipher = self._cipher(partial(self._vault.unwrap, person, wrapped, kek)) if wrapped is not None else None
        self._persons.keep(person, cipher)

    def _keep_entry(self, entry: UUID, person: UUID, wrapped: bytes | None) -> None:
        by = self._persons.find(person)
        cipher = None
        if wrapped is not None and by is not None:
            cipher = self._cipher(partial(unwrap, by, wrapped, f"entry/{entry}"))
        self._entries.keep(entry, (person, cipher))

    @staticmethod
    def _cipher(unwrapped: Callable[[], bytes]) -> AESGCM:
        try:
            return AESGCM(unwrapped())
        except (SealBroken, UnknownKeyEncryptionKey) as error:
            return cast("AESGCM", _Unusable(error))


async def rewrap(connection: Any, vault: Vault, *, at_once: int = 500) -> int:
    """Wrap every person's key anew by the current key-encryption key and say how many. `connection` is the owner's (asyncpg).

    Afterwards the older ones can leave the settings, and with them copies of the table in old backups become useless. Safe at any time:
    what is interrupted is taken up again, and a key that is destroyed meanwhile stays so.
    """
    done = 0
    while True:
        async with connection.transaction():
            rows = await connection.fetch(_TO_REWRAP, vault.current, at_once)
            new = [vault.wrap(row["person"], vault.unwrap(row["person"], row["wrapped"], row["kek"])) for row in rows]
            await connection.executemany(_REWRAP, [(key.person, key.wrapped, key.kek) for key in new])
        done += len(rows)
        if len(rows) < at_once:
            return done


def _mentioned(rows: Iterable[Stored]) -> tuple[set[UUID], set[UUID]]:
    # Looked for in the bytes, before anything is decoded. A quotation mark inside a text is escaped, so no text can look like this, and
    # what looked like it all the same would only be a key too many.
    pairs: set[tuple[bytes, bytes]] = set()
    for row in rows:
        pairs.update(_MENTION.findall(row.state))
    return {_uuid(of) for of, _ in pairs}, {_uuid(key) for _, key in pairs if key}


@lru_cache(maxsize=16_384)
def _uuid(text: bytes) -> UUID:
    return UUID(text.decode())
