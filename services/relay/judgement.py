"""What the relay does about the stream that it finds, judged by the stream's last message and the store's row at its place.

| the stream                                                       | then                                             |
|------------------------------------------------------------------|--------------------------------------------------|
| ends with a fact that the store holds there                      | go on after it: a lost tail comes again          |
| the same, but has a hole or begins elsewhere                     | make it anew from the store                      |
| is missing, or empty at the wrong place                          | make it anew                                     |
| ends with a fact of an *earlier* epoch that the store gave up    | make it anew: `support restore` has declared it  |
| ends with a fact of this epoch (or a later) the store has not    | stop: the store lost facts that others have read |
| ends with something that is no fact of ours                      | stop: it may be somebody else's                  |

It deletes only what the store has or has given up by a new epoch. Stopped, it publishes nothing, is not ready and says why every
half minute; it looks again every few seconds, so that `support restore` needs no restart by hand. An exit would do that too, but an
orchestrator's growing restart delay would then keep the bus silent long after the restore.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.relay.log import LogState
from services.runtime.cloudevents import Identity
from services.runtime.nats_permissions import STREAM


class Stopped(Exception):
    """Nothing may be published as things are; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """The stream as it is. `fact` and `source` are of its last message: None and "" where it is none of ours."""

    created: datetime | None
    first: int
    last: int
    messages: int
    fact: Identity | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Publish what comes after this position."""

    after: int


@dataclass(frozen=True, slots=True)
class MakeAnew:
    """Delete the stream if it is there and publish it from the store."""

    because: str


def judge(stream: StreamState | None, log: LogState, stored: Identity | None) -> GoOn | MakeAnew:
    """What to do; `stored` is the fact that the store holds at the stream's last sequence. Raises Stopped."""
    if stream is None:
        return MakeAnew("there is none")
    if stream.messages == 0:
        return GoOn(stream.last) if stream.last == log.first - 1 else MakeAnew("it is empty, and not at the log's beginning")
    if stream.fact is None:
        raise Stopped(
            f"the last message of the stream {STREAM} is no event of this service, so nothing is published: "
            "set SUPPORT_NATS_URL to another server or account, or delete the stream and it is published anew from the store"
        )
    if stream.fact != stored:
        if stream.fact.epoch < log.epoch:
            return MakeAnew(
                f"the store began epoch {log.epoch}, and the stream holds what was given up of epoch {stream.fact.epoch}"
            )
        raise Stopped(
            f"the stream {STREAM} ends at {stream.fact.epoch}.{stream.last} (written by {stream.source}) with an event that the store "
            f"does not hold there; the store ends at {log.epoch}.{log.head}. It was restored to an earlier point or lost its tail, or "
            "this is another deployment's stream. Nothing is published: run `support restore`, or set SUPPORT_NATS_URL"
        )
    if stream.first != log.first or stream.messages != stream.last - stream.first + 1:
        return MakeAnew("it has a hole")
    return GoOn(stream.last)
