"""Too many of anything are refused with the time to wait, and only to whoever asked too much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.gateway.rates import Rates, neighbourhood
from services.runtime.settings import SettingsInvalid, load_settings
from tests.ground import isolated_settings
from tests.services.gateway.sockets import socket
from tests.services.gateway.world import World

CONFIRM = """mutation($input: ConfirmStatusSubscriptionInput!) { confirmStatusSubscription(input: $input) {
  errors { __typename code ... on RateLimited { retryAfter } } } }"""
TAG = """mutation($input: TagTicketInput!) { tagTicket(input: $input) {
  version errors { __typename code message ... on RateLimited { retryAfter } } } }"""


@contextmanager
def rates(world: World, monkeypatch: pytest.MonkeyPatch, **given: str) -> Iterator[None]:
    settings = isolated_settings(world.settings.home, **{f"rate_{name}": rate for name, rate in given.items()})
    made = Rates(settings)
    with monkeypatch.context() as patched:
        patched.setattr(world.services, "rates", made)
        patched.setattr(world.services, "desk", replace(world.services.desk, message=made.message))
        yield


async def test_commands_of_one_party_are_bounded_and_those_of_others_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await world.open("anna")
    with rates(world, monkeypatch, commands="3/minute"):
        for number in range(3):
            made = await world.say(
                "agnes", TAG, input={"ticketId": opened["id"], "tag": f"t{number}", "idempotencyKey": world.key}
            )
            assert made["tagTicket"]["errors"] == []
        asked = {"ticketId": opened["id"], "tag": "one-more", "idempotencyKey": world.key}
        (error,) = (await world.say("agnes", TAG, input=asked))["tagTicket"]["errors"]
        assert (error["__typename"], error["code"]) == ("RateLimited", "RATE_LIMITED")
        assert error["retryAfter"].startswith("PT")
        assert "same key" in error["message"]
        assert (await world.say("arne", TAG, input={**asked, "idempotencyKey": world.key}))["tagTicket"]["errors"] == []
    assert (await world.say("agnes", TAG, input=asked))["tagTicket"]["errors"] == []


async def test_several_commands_of_one_operation_count_each(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = await world.open("anna")
    fields = " ".join(
        f'a{n}: tagTicket(input: {{ticketId: "{opened["id"]}", tag: "x{n}", idempotencyKey: "{world.key}"}}) {{ errors {{ code }} }}'
        for n in range(4)
    )
    with rates(world, monkeypatch, commands="2/minute"):
        said = await world.say("agnes", f"mutation {{ {fields} }}")
    assert [bool(each["errors"]) for each in said.values()] == [False, False, True, True]


async def test_who_tries_tokens_is_bounded_by_address_signed_in_or_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> dict[str, Any]:
        return {"token": "guess" * 9, "idempotencyKey": world.key}

    with rates(world, monkeypatch, anonymous="2/minute"):
        told = [(await world.say(None, CONFIRM, input=asked()))["confirmStatusSubscription"]["errors"][0] for _ in range(3)]
        assert [each["code"] for each in told] == ["TOKEN_INVALID", "TOKEN_INVALID", "RATE_LIMITED"]
        body = {"query": CONFIRM, "variables": {"input": asked()}}
        forwarded = await world.post(body, headers={"x-forwarded-for": "198.51.100.7"})  # the tests' client is a trusted proxy
        assert forwarded.json()["data"]["confirmStatusSubscription"]["errors"][0]["code"] == "TOKEN_INVALID"
        assert (await world.say("anna", CONFIRM, input=asked()))["confirmStatusSubscription"]["errors"][0][
            "code"
        ] == "TOKEN_INVALID"


async def test_requests_are_bounded_over_http_and_websocket_with_the_time_to_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "{ viewer { role } }"
    with rates(world, monkeypatch, requests="2/minute"):
        for _ in range(2):
            await world.say("agnes", query)
        refused = await world.post({"query": query}, "agnes")
        assert refused.status_code == 429
        (error,) = refused.json()["errors"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert int(refused.headers["retry-after"]) == error["extensions"]["seconds"] > 0
        async with socket(world, "agnes") as connection:
            await connection.subscribe(query)
            message = await connection.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")
        await world.say("arne", query)


async def test_confirmations_to_one_destination_and_at_ones_request_are_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(who: str, where: str) -> str | None:
        asked = {"destination": {"email": where}, "severityFloor": "MINOR", "componentIds": []}
        made = await world.do(who, "requestStatusSubscription", asked, "subscription { id }")
        if made["errors"]:
            return str(made["errors"][0]["code"])
        cancel = {"by": {"id": made["subscription"]["id"]}}
        await world.did(who, "cancelStatusSubscription", cancel)
        return None

    with rates(world, monkeypatch, destination="2/hour"):
        told = [await ask("anna", where) for where in ("victim@x.example", "Victim+a@x.example", "victim+b@x.example")]
        assert told == [None, None, "RATE_LIMITED"]
        assert await ask("zoe", "victim@x.example") == "RATE_LIMITED"
        assert await ask("zoe", "another@x.example") is None
    with rates(world, monkeypatch, confirmations="2/hour"):
        told = [await ask("anna", f"flood{number}@x.example") for number in range(3)]
        assert told == [None, None, "RATE_LIMITED"]
        assert await ask("boss", "flood3@x.example") is None


def test_development_has_no_rates_but_those_that_were_set(world: World) -> None:
    home = world.settings.home
    assert isolated_settings(home).rate("commands") is None
    assert isolated_settings(home, rate_commands="5/second").rate("commands") == "5/second"
    assert isolated_settings(home, rate_commands="off").rate("commands") is None


@pytest.mark.parametrize("rate", ["many", "0/minute", "5/fortnight", "5 per minute", "-1/hour"])
def test_a_rate_that_is_none_is_refused_by_name(world: World, rate: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"SUPPORT_RATE_COMMANDS=.*600/minute"):
        load_settings(home=world.settings.home, rate_commands=rate)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_one_customer_line_is_one_client(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same


async def test_live_connections_of_one_party_are_bounded_and_free_again_once_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await world.open("anna")
    feed = f'subscription {{ ticketChanged(ticketId: "{opened["id"]}") {{ position }} }}'
    settings = isolated_settings(world.settings.home, connections=2)
    monkeypatch.setattr(world.services, "rates", Rates(settings))
    async with socket(world, "agnes"), socket(world, "agnes"):
        async with socket(world, "agnes", init=False) as third:
            await third.send(type="connection_init", payload=world.headers("agnes"))
            code, reason = await third.closed()
            assert (code, reason) == (1013, "At most 2 live connections at once; close one first.")
        refused = await world.post({"query": feed}, "agnes", headers={"accept": "text/event-stream"})
        assert refused.status_code == 429
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        async with socket(world, "arne"):
            pass
    for _ in range(50):
        if not world.services.rates._open:
            break
        await asyncio.sleep(0.05)
    async with socket(world, "agnes") as again:
        await again.subscribe("{ viewer { role } }")
        assert (await again.receive())["type"] == "next"
