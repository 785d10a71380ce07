"""Where each durable consumer is: noted in the store, and given back after the stream was made anew.

A note may be some seconds old, so a reader may get again what it has; it drops what is not newer. It never misses anything: a place
in a line that a restore gave up is moved back to the last position that was kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nats.aio.client import Client
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError

from services.relay.log import Log, Place
from services.runtime.nats_permissions import STREAM
from services.runtime.provisioning import DURABLES, Durable, consumer_config, recorded_config


async def there(client: Client) -> list[ConsumerInfo]:
    """All durables of the stream; none without a stream."""
    js = client.jetstream(timeout=10)
    found: list[ConsumerInfo] = []
    try:
        while page := await js.consumers_info(STREAM, offset=len(found)):
            found += page
    except NotFoundError:
        return []
    return [info for info in found if info.config.durable_name]


async def note(client: Client, log: Log, epoch: int) -> None:
    """Note where the durables are in the line `epoch`; what did not move is not written."""
    seen = {
        info.name: Place(epoch, info.ack_floor.stream_seq if info.ack_floor else 0, recorded_config(info.config))
        for info in await there(client)
    }
    known = await log.places()
    moved = {name: place for name, place in seen.items() if known.get(name) != place}
    if moved:
        await log.note(moved)


async def give_back(client: Client, log: Log, reached: int, declared: Iterable[Durable] = DURABLES) -> list[str]:
    """Make every durable that is missing, after the last place noted for it. `reached` is the stream's last sequence.

    A durable whose place is not reached yet waits for the next call: made now, it would begin too early. Returns the names of those made.
    """
    places: dict[str, Place] = {durable.name: Place(1, 0, durable.config()) for durable in declared}
    places |= await log.places()
    present = {info.name for info in await there(client)}
    made: list[str] = []
    for name, place in places.items():
        floor = await _still_valid(log, place)
        if name in present or floor > reached:
            continue
        await client.jetstream(timeout=10).add_consumer(STREAM, consumer_config(name, dict(place.config), start=floor + 1))
        made.append(name)
    return made


async def move_back(log: Log, epoch: int) -> None:
    """After a restore: move every noted place into the line `epoch`, to what was kept."""
    places: Mapping[str, Place] = await log.places()
    await log.note({name: Place(epoch, await _still_valid(log, place), place.config) for name, place in places.items()})


async def _still_valid(log: Log, place: Place) -> int:
    kept = await log.kept_of(place.epoch)
    return place.floor if kept is None else min(place.floor, kept)
