"""One batch of commands on its way to store.append and back: arrays of rows out, a verdict for each command in."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import AlreadyExists, IdempotencyKeyReused
from services.runtime.command import Command, Receipt
from services.runtime.errors import EVENT_LIMIT, EventTooLarge, PersonErased, VersionConflict
from services.runtime.position import Position

CALL = "SELECT epoch, head, refused FROM store.append($1, $2, $3, $4, $5)"
REUSED = "this idempotency key was used for another request; use a new key for a new request"

Row = tuple[Any, ...]
Verdict = Receipt | Exception


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What is kept beside an idempotency key."""

    ids: dict[str, str]
    versions: dict[UUID, int]


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Why store.append did not accept a command. `stream` is a stream, a person or the owner of a look-up, as `status` has it."""

    command: int
    status: str
    stream: UUID | None = None
    current: int | None = None
    outcome: Outcome | None = None
    position: int | None = None
    epoch: int | None = None


_encode_outcome = msgspec.json.Encoder().encode
_decode_outcome = msgspec.json.Decoder(Outcome).decode
_decode_refusals = msgspec.json.Decoder(list[Refusal]).decode


def digest_of(secret: bytes, request: bytes) -> bytes:
    """What is kept of a request: keyed BLAKE2b (RFC 7693), a MAC as HMAC is; cold, OpenSSL's HMAC costs 20 µs more."""
    return blake2b(request, key=secret, digest_size=32).digest()


class Candidate:
    """A command made ready for a batch. Raises EventTooLarge, and ValueError where the versions of a stream do not follow one another.

    `opens` says of each event whether it is the first on its stream; `checks` are the streams that are only read. No other command of the
    batch may touch what this one `writes`; what it `reads` others may read too. UUIDs stand there as their integers, which hash faster.
    """

    __slots__ = ("checks", "command", "digest", "opens", "reads", "size", "versions", "writes")

    def __init__(self, command: Command, digest: bytes | None) -> None:
        self.command = command
        self.digest = digest
        self.versions: dict[UUID, int] = {}
        self.opens: list[bool] = []
        self.checks: Sequence[tuple[UUID, int]] = ()
        self.size = 0
        expected = dict(command.checks) if command.checks else {}
        if len(expected) != len(command.checks) and len(expected) != len(set(command.checks)):
            raise ValueError("one stream is checked at two versions")
        for event in command.events:
            stream, version, length = event.stream, event.version, len(event.state)
            if length > EVENT_LIMIT:
                raise EventTooLarge(event.topic, length)
            before = self.versions.get(stream)
            self.opens.append(before is None)
            if before is None:
                before = expected.pop(stream, version - 1) if expected else version - 1
            if version != before + 1 or version < 1:
                raise ValueError(f"{event.topic} is version {version} where {before + 1} follows")
            self.versions[stream] = version
            self.size += length
        self.writes: list[Any] = [stream.int for stream in self.versions]
        self.reads: list[Any] = []
        if expected:
            self.checks = list(expected.items())
            self.reads += [stream.int for stream in expected]
        idempotency = command.act.idempotency
        if idempotency is not None:
            self.writes.append((idempotency.principal, idempotency.key))
        if command.has_sides:
            self.writes += {(look.kind, look.digest) for look in command.lookups}
            self.writes += [key.person.int for key in command.person_keys]
            self.writes += [key.int for key in (*command.destroy_persons, *command.destroy_entries)]
            self.reads += [person.int for person in (*command.uses, *(key.person for key in command.entry_keys))]


def arguments(batch: Sequence[Candidate]) -> tuple[list[Row], list[Row], list[Row] | None, list[Row] | None]:
    """Commands, events, checks and sides as store.append takes them."""
    commands: list[Row] = []
    events: list[Row] = []
    checks: list[Row] = []
    sides: list[Row] = []
    for number, one in enumerate(batch, 1):
        command = one.command
        act = command.act
        actor = act.actor
        correlation, causation, kind, actor_id, trace = act.correlation, act.causation, actor.kind, actor.id, act.traceparent
        for event, opens in zip(command.events, one.opens, strict=True):
            # fmt: off
            events.append((
                number, opens, event.stream, event.version, event.topic, event.state, event.classification, event.organisation,
                event.occurred_at, correlation, causation, kind, actor_id, trace,
            ))
            # fmt: on
        idempotency = act.idempotency
        if idempotency is None:
            commands.append((None, None, None, None, None))
        else:
            outcome = _encode_outcome(Outcome(command.ids, one.versions)).decode()
            last = len(events) if command.events else None
            commands.append((idempotency.principal, idempotency.key, one.digest, outcome, last))
        if one.checks:
            checks += [(number, stream, version) for stream, version in one.checks]
        if command.has_sides:
            sides += _sides(number, command)
    return commands, events, checks or None, sides or None


def _sides(number: int, command: Command) -> list[Row]:
    return [
        *((number, "person", key.person, None, None, key.kek, key.wrapped) for key in command.person_keys),
        *((number, "entry", key.entry, key.person, key.stream, None, key.wrapped) for key in command.entry_keys),
        *((number, "uses", person, None, None, None, None) for person in command.uses),
        *((number, look.op, look.owner, look.subject, None, look.kind, look.digest) for look in command.lookups),
        *((number, "shred_entry", entry, None, None, None, None) for entry in command.destroy_entries),
        *((number, "shred_person", person, None, None, None, None) for person in command.destroy_persons),
    ]


def verdicts(batch: Sequence[Candidate], epoch: int, head: int, refused: str | None) -> list[Verdict]:
    """What to tell each caller, from what store.append returned."""
    refusals: dict[int, Verdict] = {}
    for refusal in _decode_refusals(refused) if refused else ():
        # A command may be refused for several reasons; a first outcome comes before all of them.
        refusals.setdefault(refusal.command, _told(refusal))
    answers: list[Verdict] = []
    for number, one in enumerate(batch, 1):
        answer = refusals.get(number) if refusals else None
        if answer is None:
            count = len(one.opens)
            head += count
            place = Position(epoch, head) if count else None
            answer = Receipt(position=place, versions=one.versions, ids=one.command.ids)
        answers.append(answer)
    return answers


def _told(refusal: Refusal) -> Verdict:
    match refusal:
        case Refusal(status="REPLAYED", outcome=Outcome() as outcome):
            return _again(outcome, refusal.position, refusal.epoch)
        case Refusal(status="KEY_REUSED"):
            return IdempotencyKeyReused(REUSED)
        case Refusal(status="LOOKUP_TAKEN"):
            return AlreadyExists("it is taken already", existing=refusal.stream)
        case Refusal(status="ERASED", stream=UUID() as person):
            return PersonErased(person)
        case Refusal(status="CONFLICT", stream=UUID() as stream, current=int() as current):
            return VersionConflict(stream, current)
    raise AssertionError(refusal.status)


def receipt_of(outcome: str | bytes, position: int | None, epoch: int) -> Receipt:
    """A kept outcome, told again."""
    return _again(_decode_outcome(outcome), position, epoch)


def _again(outcome: Outcome, position: int | None, epoch: int | None) -> Receipt:
    place = None if position is None or epoch is None else Position(epoch, position)
    return Receipt(position=place, versions=outcome.versions, ids=outcome.ids, replayed=True)
