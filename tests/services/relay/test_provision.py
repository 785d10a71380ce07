"""The stream and its durables as they must be, whoever was there before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import APIError

from services.relay.metrics import Status
from services.runtime import bus, provisioning
from services.runtime.nats_permissions import STREAM
from services.runtime.settings import Settings
from tests.ground import TestDatabase
from tests.services.relay.ground import connected, in_stream, reaches, record, relaying, until


async def test_the_stream_keeps_everything_and_lets_nobody_delete(settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        await provisioning.provision(admin)
        info = await admin.jetstream().stream_info(STREAM)
        config = info.config
        assert config.subjects == ["support.>"]
        assert (config.storage, config.retention, config.discard) == ("file", "limits", "new")
        assert (config.max_msgs, config.max_bytes, config.max_age, config.max_consumers) == (-1, -1, 0, -1)
        assert config.deny_delete
        assert config.deny_purge
        assert config.allow_atomic
        assert not config.allow_direct
        with pytest.raises(APIError):
            await admin.jetstream().purge_stream(STREAM)
        durables = {each.name: each.config for each in await admin.jetstream().consumers_info(STREAM)}
        assert set(durables) == {"projector", "subscriber"}
        assert durables["projector"].filter_subjects == ["support.>"]
        assert set(durables["subscriber"].filter_subjects or ()) == {"support.public.>", "support.confidential.>"}


async def test_provisioning_again_changes_nothing(settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        js = admin.jetstream()
        await provisioning.provision(admin)
        before = await js.stream_info(STREAM), await js.consumers_info(STREAM)
        await provisioning.provision(admin)
        after = await js.stream_info(STREAM), await js.consumers_info(STREAM)
        assert (after[0].config, after[0].created) == (before[0].config, before[0].created)
        assert [(each.config, each.created) for each in after[1]] == [(each.config, each.created) for each in before[1]]


async def test_provisioning_brings_a_stream_and_a_durable_back_to_their_form(settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        js = admin.jetstream()
        await js.add_stream(StreamConfig(name=STREAM, subjects=["support.>"], max_msgs=10, allow_direct=True))
        await js.add_consumer(STREAM, ConsumerConfig(durable_name="subscriber", filter_subject="support.>"))
        await provisioning.provision(admin)
        config = (await js.stream_info(STREAM)).config
        assert (config.max_msgs, config.allow_direct, config.deny_purge, config.allow_atomic) == (-1, False, True, True)
        filters = (await js.consumer_info(STREAM, "subscriber")).config.filter_subjects
        assert set(filters or ()) == {"support.public.>", "support.confidential.>"}


def test_an_old_server_is_refused_in_one_sentence() -> None:
    bus.require_version(2, 12)
    bus.require_version(3, 0)
    with pytest.raises(bus.BusError, match=r"^nats-server 2\.11 is too old, atomic batches need 2\.12 or later: .*\Z"):
        bus.require_version(2, 11)


async def test_a_stream_of_somebody_else_is_left_alone(database: TestDatabase, settings: Settings) -> None:
    async with connected(settings, "admin") as admin:
        await admin.jetstream().add_stream(StreamConfig(name=STREAM, subjects=["theirs.>"]))
        with pytest.raises(bus.BusError, match="somebody else's"):
            await provisioning.provision(admin)
        status = Status()
        async with relaying(settings, status):
            await until(stopped(status))
        assert (await admin.jetstream().stream_info(STREAM)).config.subjects == ["theirs.>"]
    assert not status.ready


async def test_a_message_that_is_no_fact_stops_the_relay(database: TestDatabase, settings: Settings) -> None:
    async with connected(settings, "relay") as writer:
        await provisioning.provision(writer)
        await writer.jetstream().publish("support.confidential.ticket.opened.none", b"{}", headers={"ce-id": "mine"})
    await record(database.owner_dsn, 3)
    status = Status()
    async with relaying(settings, status):
        await until(stopped(status))
        assert "no event of this service" in status.stopped
        async with connected(settings, "admin") as admin:
            assert (await admin.jetstream().stream_info(STREAM)).state.last_seq == 1
            # What the message advises.
            await admin.jetstream().delete_stream(STREAM)
        await reaches(settings, 3)
    assert len(await in_stream(settings)) == 3


def stopped(status: Status) -> Callable[[], Awaitable[bool]]:
    async def said() -> bool:
        return bool(status.stopped)

    return said
