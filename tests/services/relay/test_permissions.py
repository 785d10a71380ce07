"""Who may do what on the broker, tried against the real one."""

from __future__ import annotations

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.runtime import bus, provisioning
from services.runtime.bus import Credentials
from services.runtime.cloudevents import identity
from services.runtime.nats_permissions import STREAM, SUBSCRIBER_DURABLE
from services.runtime.settings import NatsRole, Settings
from tests.ground import TestDatabase
from tests.services.relay.ground import connected, in_store, in_stream, reaches, record, relaying, until

FORBIDDEN = {
    "publish a fact": "support.confidential.ticket.opened.none",
    "publish a restricted fact": "support.restricted.log.restored.none",
    "create a consumer": f"$JS.API.CONSUMER.CREATE.{STREAM}.mine",
    "create a consumer with a filter": f"$JS.API.CONSUMER.CREATE.{STREAM}.mine.support.>",
    "create a durable": f"$JS.API.CONSUMER.DURABLE.CREATE.{STREAM}.mine",
    "read one message": f"$JS.API.STREAM.MSG.GET.{STREAM}",
    "read one message directly": f"$JS.API.DIRECT.GET.{STREAM}",
    "read the last of a subject": f"$JS.API.DIRECT.GET.{STREAM}.support.restricted.log.restored.none",
    "purge": f"$JS.API.STREAM.PURGE.{STREAM}",
    "delete the stream": f"$JS.API.STREAM.DELETE.{STREAM}",
    "make a stream of its own": "$JS.API.STREAM.CREATE.MINE",
    "take a snapshot": f"$JS.API.STREAM.SNAPSHOT.{STREAM}",
    "delete a durable": f"$JS.API.CONSUMER.DELETE.{STREAM}.projector",
}


async def until_refused(client: Client, act: str = "") -> None:
    """Wait for the broker's word that it was not allowed."""

    async def said() -> bool:
        return "permissions violation" in str(client.last_error).lower()

    try:
        await until(said, patience=5)
    except TimeoutError:
        pytest.fail(f"the broker did not refuse: {act}")
    client._err = None


@pytest.mark.parametrize("role", ["consumer", "subscriber"])
async def test_a_reader_may_neither_publish_nor_make_consumers_nor_read_single_messages(
    settings: Settings, role: NatsRole
) -> None:
    async with connected(settings, "admin") as admin:
        await provisioning.provision(admin)
    async with connected(settings, role) as reader:
        for act, address in FORBIDDEN.items():
            with pytest.raises(nats.errors.Error):
                await reader.request(address, b"{}", timeout=0.2)
            await until_refused(reader, act)
    assert await in_stream(settings) == []


async def test_another_team_may_not_read_somebody_elses_durable(settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        await provisioning.provision(admin)
    async with connected(settings, "subscriber") as reader:
        with pytest.raises(nats.errors.Error):
            await reader.request(f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.projector", b"1", timeout=0.2)
        await until_refused(reader)


@pytest.mark.parametrize(
    "subject", ["support.>", "support.restricted.>", "support.*.ticket.>", "_INBOX.>", "_INBOX_support_consumer.>", ">"]
)
async def test_another_team_may_not_listen_to_what_is_restricted_or_delivered_to_others(
    settings: Settings, subject: str
) -> None:
    async with connected(settings, "subscriber") as reader:
        await reader.subscribe(subject)
        await until_refused(reader)


async def test_whoever_is_cleared_for_confidential_facts_never_receives_a_restricted_one(
    database: TestDatabase, settings: Settings
) -> None:
    watched: list[str] = []

    async def watch(message: Msg) -> None:
        watched.append(message.subject)

    async with connected(settings, "subscriber") as reader:
        await reader.subscribe("support.confidential.>", cb=watch)
        await reader.subscribe("support.public.>", cb=watch)
        await reader.flush()
        async with relaying(settings):
            await record(database.owner_dsn, 300)
            await reaches(settings, 300)
        reading = await reader.jetstream().pull_subscribe_bind(SUBSCRIBER_DURABLE, STREAM)
        got = [message for _ in range(2) for message in await reading.fetch(100, timeout=5)]
        with pytest.raises(nats.errors.TimeoutError):
            await reading.fetch(1, timeout=0.3)
    stored = {row[0]: row for row in await in_store(database.owner_dsn)}
    assert [message.metadata.sequence.stream for message in got] == [position for position in stored if position % 3]
    assert {message.headers["ce-dataclassification"] for message in got if message.headers} == {"confidential"}
    assert all(identity(message.headers) == stored[message.metadata.sequence.stream][1:5] for message in got)
    assert len(watched) == 200
    assert not any(subject.startswith("support.restricted") for subject in watched)


async def test_even_the_admin_may_not_publish_a_fact(settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        await admin.publish("support.confidential.ticket.opened.none", b"{}")
        await until_refused(admin)


async def test_nobody_gets_in_without_a_login(settings: Settings) -> None:
    to = bus.credentials(settings, "consumer")
    with pytest.raises(bus.BusError, match="SUPPORT_NATS_CONSUMER_PASSWORD"):
        await bus.connect(Credentials(to.url, to.user, "wrong", to.setting), "test", forever=False)
