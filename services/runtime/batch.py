"""One batch of commands on its way to store.append and back: parallel arrays out, a verdict for each command in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import AlreadyExists, IdempotencyKeyReused
from services.runtime.command import Command, Receipt
from services.runtime.errors import PersonErased, VersionConflict
from services.runtime.position import Position

_ARGUMENTS = ", ".join(f"${number}" for number in range(1, 30))
CALL = f"SELECT epoch, head, refused FROM store.append({_ARGUMENTS})"  # noqa: S608 - placeholders


REUSED = "this idempotency key was used for another request; use a new key for a new request"


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


Verdict = Receipt | Exception

_encode_outcome = msgspec.json.Encoder().encode
_decode_outcome = msgspec.json.Decoder(Outcome).decode
_decode_refusals = msgspec.json.Decoder(list[Refusal]).decode


def receipt_of(outcome: str | bytes, position: int | None, epoch: int) -> Receipt:
    """A kept outcome, told again."""
    return replayed(_decode_outcome(outcome), position, epoch)


def replayed(outcome: Outcome, position: int | None, epoch: int | None) -> Receipt:
    place = None if position is None or epoch is None else Position(epoch, position)
    return Receipt(position=place, versions=outcome.versions, ids=outcome.ids, replayed=True)


def versions_after(command: Command) -> dict[UUID, int]:
    """Each changed stream's version once the command is recorded."""
    events = command.events
    if len(events) == 1:
        return {events[0].stream: events[0].version}
    return {event.stream: event.version for event in events}


def arguments(commands: Sequence[Command], digests: Sequence[bytes | None]) -> list[list[Any]]:
    """The parallel arrays of store.append, in its order, without the judged epoch. `digests` are the HMACs of the requests."""
    principals: list[str | None] = []
    keys: list[str | None] = []
    outcomes: list[str | None] = []
    last_events: list[int | None] = []
    check_command: list[int] = []
    check_stream: list[UUID] = []
    check_version: list[int] = []
    owners: list[int] = []
    streams: list[UUID] = []
    versions: list[int] = []
    topics: list[str] = []
    states: list[bytes] = []
    classes: list[str] = []
    organisations: list[UUID | None] = []
    occurred: list[Any] = []
    correlations: list[UUID] = []
    causations: list[str | None] = []
    kinds: list[str] = []
    actors: list[UUID] = []
    traceparents: list[str | None] = []
    sides: list[tuple[int, str, UUID | None, UUID | None, UUID | None, str | None, bytes | None]] = []
    place = 0
    for number, command in enumerate(commands, 1):
        act = command.act
        actor = act.actor
        checked = command.checks
        for stream, version in checked:
            check_command.append(number)
            check_stream.append(stream)
            check_version.append(version)
        known = {stream for stream, _ in checked}
        for event in command.events:
            stream = event.stream
            if stream not in known:
                known.add(stream)
                check_command.append(number)
                check_stream.append(stream)
                check_version.append(event.version - 1)
            owners.append(number)
            streams.append(stream)
            versions.append(event.version)
            topics.append(event.topic)
            states.append(event.state)
            classes.append(event.classification)
            organisations.append(event.organisation)
            occurred.append(event.occurred_at)
            correlations.append(act.correlation)
            causations.append(act.causation)
            kinds.append(actor.kind)
            actors.append(actor.id)
            traceparents.append(act.traceparent)
        place += len(command.events)
        last_events.append(place if command.events else None)
        idempotency = act.idempotency
        if idempotency is None:
            principals.append(None)
            keys.append(None)
            outcomes.append(None)
        else:
            principals.append(idempotency.principal)
            keys.append(idempotency.key)
            outcomes.append(_encode_outcome(Outcome(command.ids, versions_after(command))).decode())
        if command.has_sides:
            sides.extend(_sides(number, command))
    columns: list[list[Any]] = [list(column) for column in zip(*sides, strict=True)] if sides else [[] for _ in range(7)]
    return [
        *(principals, keys, list(digests), outcomes, last_events),
        *(check_command, check_stream, check_version),
        *(
            owners,
            streams,
            versions,
            topics,
            states,
            classes,
            organisations,
            occurred,
            correlations,
            causations,
            kinds,
            actors,
            traceparents,
        ),
        *columns,
    ]


def _sides(
    number: int, command: Command
) -> list[tuple[int, str, UUID | None, UUID | None, UUID | None, str | None, bytes | None]]:
    return [
        *((number, "person", key.person, None, None, key.kek, key.wrapped) for key in command.person_keys),
        *((number, "entry", key.entry, key.person, key.stream, None, key.wrapped) for key in command.entry_keys),
        *((number, "uses", person, None, None, None, None) for person in command.uses),
        *((number, look.op, look.owner, look.subject, None, look.kind, look.digest) for look in command.lookups),
        *((number, "shred_entry", entry, None, None, None, None) for entry in command.destroy_entries),
        *((number, "shred_person", person, None, None, None, None) for person in command.destroy_persons),
    ]


def verdicts(commands: Sequence[Command], epoch: int, head: int, refused: str | None) -> list[Verdict]:
    """What to tell each caller, from what store.append returned."""
    refusals: dict[int, Exception | Receipt] = {}
    for refusal in _decode_refusals(refused) if refused else ():
        # A command may be refused for several reasons; a first outcome comes before all of them.
        refusals.setdefault(refusal.command, _told(refusal))
    answers: list[Verdict] = []
    for number, command in enumerate(commands, 1):
        answer = refusals.get(number) if refusals else None
        if answer is None:
            head += len(command.events)
            place = Position(epoch, head) if command.events else None
            answer = Receipt(position=place, versions=versions_after(command), ids=command.ids)
        answers.append(answer)
    return answers


def _told(refusal: Refusal) -> Verdict:
    match refusal:
        case Refusal(status="REPLAYED", outcome=Outcome() as outcome):
            return replayed(outcome, refusal.position, refusal.epoch)
        case Refusal(status="KEY_REUSED"):
            return IdempotencyKeyReused(REUSED)
        case Refusal(status="LOOKUP_TAKEN"):
            return AlreadyExists("it is taken already", existing=refusal.stream)
        case Refusal(status="ERASED", stream=UUID() as person):
            return PersonErased(person)
        case Refusal(stream=UUID() as stream, current=int() as current):
            return VersionConflict(stream, current)
    raise AssertionError(refusal.status)
