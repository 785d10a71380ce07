"""The stream SUPPORT with its durable consumers as they must be, and what lies in it.

PostgreSQL is the only truth; the stream is a rebuildable copy with the store's positions as its sequences.
Direct get stays off: a follower may answer it from behind, and what the relay asks of a single message must be true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from services.runtime.bus import BusError, require_version
from services.runtime.cloudevents import Identity, identity
from services.runtime.nats_permissions import STREAM, SUBSCRIBER_DURABLE

SUBJECTS = ["support.>"]


@dataclass(frozen=True, slots=True)
class Durable:
    """A durable pull consumer provisioned for a reader. `acks_all`: one acknowledgement stands for all before it (a single reader)."""

    name: str
    filters: tuple[str, ...]
    purpose: str
    acks_all: bool = False

    def config(self) -> dict[str, Any]:
        """What is kept of it, so that it can be made again. `ack_wait` is in seconds."""
        return {
            "filters": list(self.filters),
            "description": self.purpose,
            "ack_policy": "all" if self.acks_all else "explicit",
            "ack_wait": 30,
            "max_ack_pending": 20_000 if self.acks_all else 1_000,
        }


PROJECTOR = Durable("projector", ("support.>",), "Read models: every fact, all classes.", acks_all=True)
SUBSCRIBER = Durable(
    SUBSCRIBER_DURABLE,
    ("support.public.>", "support.confidential.>"),
    "An example for other teams: what they may see, no staff matters.",
)
DURABLES = (PROJECTOR, SUBSCRIBER)


async def provision(client: Client, *, replicas: int = 1, durables: Iterable[Durable] = DURABLES) -> None:
    """Make stream and durables, or bring them to their form. Idempotent; positions and contents are never touched."""
    js = client.jetstream(timeout=10)
    await provision_stream(client, replicas=replicas)
    for durable in durables:
        try:
            there = (await js.consumer_info(STREAM, durable.name)).config
        except NotFoundError:
            await js.add_consumer(STREAM, consumer_config(durable.name, durable.config(), start=1))
        else:
            wanted = consumer_config(durable.name, durable.config(), start=1)
            wanted.deliver_policy, wanted.opt_start_seq = there.deliver_policy, there.opt_start_seq
            if recorded_config(there) != recorded_config(wanted):
                await js.add_consumer(STREAM, wanted)


async def provision_stream(client: Client, *, replicas: int = 1, first: int = 1) -> None:
    """Make the stream so that its first message is position `first`, or bring it to its form."""
    found = client.connected_server_version
    require_version(found.major, found.minor)
    js = client.jetstream(timeout=10)
    wanted = stream_config(replicas, first)
    try:
        there = (await js.stream_info(STREAM)).config
    except NotFoundError:
        await js.add_stream(wanted)
        return
    require_ours(there)
    wanted.first_seq = there.first_seq
    if _shape(there) != _shape(wanted):
        await js.update_stream(wanted)


def require_ours(config: StreamConfig) -> None:
    """Refuse to touch a stream of our name that is somebody else's."""
    if list(config.subjects or ()) != SUBJECTS:
        raise BusError(
            f"the stream {STREAM} at this NATS server is somebody else's (subjects {', '.join(config.subjects or ())}): "
            "set SUPPORT_NATS_URL to another server or account"
        )


def stream_config(replicas: int, first: int) -> StreamConfig:
    """File storage, no limit (set a disk alert), no deleting. `discard: new`: should a limit be set one day, nothing drops silently."""
    return StreamConfig(
        name=STREAM,
        description="Every fact of Support Desk, one message a position. A copy of the store; only the relay writes it.",
        subjects=SUBJECTS,
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        num_replicas=replicas,
        max_consumers=-1,
        max_msgs=-1,
        max_bytes=-1,
        max_age=0,
        deny_delete=True,
        deny_purge=True,
        allow_atomic=True,
        allow_direct=False,
        first_seq=first if first > 1 else None,
    )


def consumer_config(name: str, config: dict[str, Any], *, start: int) -> ConsumerConfig:
    """A durable as recorded, beginning at the position `start`."""
    return ConsumerConfig(
        durable_name=name,
        description=config.get("description"),
        filter_subjects=list(config["filters"]),
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE if start > 1 else DeliverPolicy.ALL,
        opt_start_seq=start if start > 1 else None,
        ack_policy=AckPolicy(config.get("ack_policy", "explicit")),
        ack_wait=config.get("ack_wait", 30),
        max_ack_pending=config.get("max_ack_pending", 1_000),
        max_deliver=-1,
    )


def recorded_config(config: ConsumerConfig) -> dict[str, Any]:
    """What is kept of a durable that is there."""
    filters = config.filter_subjects or ([config.filter_subject] if config.filter_subject else [">"])
    return {
        "filters": sorted(filters),
        "description": config.description or "",
        "ack_policy": AckPolicy(config.ack_policy or "explicit").value,
        "ack_wait": config.ack_wait or 30,
        "max_ack_pending": config.max_ack_pending or 1_000,
    }


def _shape(config: StreamConfig) -> tuple[object, ...]:
    return (
        config.description,
        DiscardPolicy(config.discard or "old"),
        config.num_replicas,
        config.max_msgs,
        config.max_bytes,
        bool(config.deny_delete),
        bool(config.deny_purge),
        bool(config.allow_atomic),
        bool(config.allow_direct),
    )


async def last_in_stream(client: Client) -> tuple[int, Identity | None] | None:
    """The stream's last sequence and which fact lies there (None: none of ours); None without a stream or in an empty one."""
    try:
        state = (await client.jetstream(timeout=10).stream_info(STREAM)).state
    except NotFoundError:
        return None
    return (state.last_seq, await fact_in_stream(client, state.last_seq)) if state.messages else None


async def fact_in_stream(client: Client, sequence: int) -> Identity | None:
    """Which fact lies at a sequence; None when none of ours does."""
    try:
        return identity((await client.jetstream(timeout=10).get_msg(STREAM, sequence)).headers)
    except NotFoundError:
        return None


async def delete_stream(js: JetStreamContext) -> None:
    """Take the stream away; one that is not there is fine."""
    try:
        await js.delete_stream(STREAM)
    except NotFoundError:
        pass
    except APIError as problem:
        raise BusError(f"NATS does not delete the stream {STREAM}: {problem.description}") from None
