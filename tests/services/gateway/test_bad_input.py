"""Bad input on every mutation, made from the schema: a typed error, nothing written, the process lives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
)

from services.gateway.schema import executable
from tests.services.gateway.world import World

SCHEMA: GraphQLSchema = executable()
assert SCHEMA.mutation_type is not None
MUTATIONS = sorted(SCHEMA.mutation_type.fields)
BY_TOKEN = frozenset({"confirmStatusSubscription", "verifyContactEmail"})
"""What anybody may do who has the token from a message."""
MINE = {
    "ticketId": "ticket", "otherTicketId": "other", "intoTicketId": "other", "agentId": "arne", "contactId": "anna", "watcherId": "arne",
    "entryId": "entry", "entryIds": "entry", "organisationId": "acme", "mentions": "arne", "queueId": "queue",
}  # fmt: skip
THEIRS = {
    "ticketId": "theirs",
    "otherTicketId": "theirs",
    "intoTicketId": "theirs",
    "contactId": "zoe",
    "entryId": "their entry",
}
SAMPLES: dict[str, Any] = {
    "String": "text", "Int": 1, "Float": 1.5, "Boolean": True, "DateTime": "2030-01-01T00:00:00Z", "Date": "2030-01-01",
    "ProductCode": "SUPPORT-premium", "Duration": "PT5M", "EmailAddress": "new@acme.example",
    "PhoneNumber": "+4570123456", "URL": "https://docs.example.org/a", "LanguageTag": "en", "IdempotencyKey": "key",
}  # fmt: skip
WRONG: list[Any] = [
    None,
    7,
    -1.5,
    True,
    [],
    {},
    "",
    "x" * 300,
    "\u0001",
    "a\u0000b",
    "\u202e",
    [[[]]],
    {"a": {"b": 1}},
    2**63,
    "tk_x",
]


@pytest.fixture(scope="module")
async def known(world: World) -> dict[str, str]:
    """Global ids by what they are."""
    one, two, three = await world.open("anna"), await world.open("anna"), await world.open("zoe")
    queue = (await world.say("agnes", "{ queues { id } }"))["queues"][0]["id"]
    here = {
        "ticket": one["id"],
        "entry": one["entry"],
        "other": two["id"],
        "theirs": three["id"],
        "their entry": three["entry"],
    }
    return {**world.ids, **here, "queue": queue}


def sample(given: GraphQLInputType, name: str, known: dict[str, str]) -> Any:
    """A value that fits a type."""
    if isinstance(given, GraphQLNonNull):
        return sample(given.of_type, name, known)
    if isinstance(given, GraphQLList):
        return [sample(given.of_type, name, known)]
    if isinstance(given, GraphQLEnumType):
        return next(iter(given.values))
    if isinstance(given, GraphQLInputObjectType):
        fields = given.fields.items()
        if given.is_one_of:
            first, field = next(iter(fields))
            return {first: sample(field.type, first, known)}
        return {each: sample(field.type, each, known) for each, field in fields if isinstance(field.type, GraphQLNonNull)}
    if str(given) == "ID":
        return known[MINE.get(name, "ticket")]
    return SAMPLES.get(str(given), "text")


def leaves(
    given: GraphQLInputType, value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], GraphQLInputType]]:
    """Every place in a value with its type."""
    bare = given.of_type if isinstance(given, GraphQLNonNull) else given
    if path:
        yield path, given
    if isinstance(bare, GraphQLInputObjectType) and isinstance(value, dict):
        for name, field in bare.fields.items():
            if name in value:
                yield from leaves(field.type, value[name], (*path, name))
    if isinstance(bare, GraphQLList) and isinstance(value, list):
        yield from leaves(bare.of_type, value[0], (*path, 0))


def changed(value: Any, path: tuple[str | int, ...], to: Any) -> Any:
    copy = orjson.loads(orjson.dumps(value))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return copy


def input_type(mutation: str) -> GraphQLInputObjectType:
    assert SCHEMA.mutation_type is not None
    named = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)
    assert isinstance(named, GraphQLInputObjectType)
    return named


async def head(world: World) -> int:
    return (await world.services.store.head()).number


def query_of(mutation: str) -> str:
    name = f"{mutation[0].upper()}{mutation[1:]}Input!"
    return f"mutation($input: {name}) {{ {mutation}(input: $input) {{ version position errors {{ __typename code message path }} }} }}"


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_wrong_values_are_refused_and_write_nothing(world: World, known: dict[str, str], mutation: str) -> None:
    given = input_type(mutation)
    good = sample(given, "input", known)
    before = await head(world)
    for path, kind in leaves(given, good):
        for wrong in WRONG:
            if fits(kind, wrong, path):
                continue
            body = (
                orjson.dumps(
                    {"query": query_of(mutation), "variables": {"input": changed(good, path, wrong)}},
                    option=orjson.OPT_PASSTHROUGH_SUBCLASS,
                )
                if wrong != 2**63
                else orjson.dumps({"query": query_of(mutation), "variables": {"input": changed(good, path, 2**40)}})
            )
            response = await world.post(body, "admin")
            assert response.status_code in (200, 400), (path, wrong, response.text)
            answer = response.json()
            if answer.get("errors"):
                assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT", (path, wrong, answer)
            else:
                payload = answer["data"][mutation]
                assert payload["errors"], (path, wrong)
                assert payload["version"] is None
                assert all(error["code"] and error["message"] for error in payload["errors"])
    assert await head(world) == before


def fits(kind: GraphQLInputType, value: Any, path: tuple[str | int, ...]) -> bool:
    """Whether it may be taken all the same: then the command decides, and other tests say what."""
    name = str(get_named_type(kind))
    nullable = not isinstance(kind, GraphQLNonNull)
    if value is None:
        return nullable
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(kind, GraphQLList):
        return bool(value == [])
    if name == "String":
        return isinstance(value, str) and value.isprintable() and value != ""
    if name == "IdempotencyKey":
        return value in ("tk_x", "\u202e")
    if name == "Float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if name == "Int":
        return bool(value == 7) and path[-1] not in ("expectedVersion", "intoExpectedVersion", "score")
    return False


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_control_characters_and_broken_unicode_are_refused_everywhere(
    world: World, known: dict[str, str], mutation: str
) -> None:
    given = input_type(mutation)
    good = sample(given, "input", known)
    before = await head(world)
    texts = [
        path
        for path, kind in leaves(given, good)
        if str(get_named_type(kind)) == "String" and not isinstance(kind, GraphQLList)
    ]
    for path in texts:
        for mark in ("\u0001", "\u001b[31m", "\u007f", "\u0085"):
            answer = await world.ask("admin", query_of(mutation), input=changed(good, path, f"a{mark}b"))
            payload = (answer.get("data") or {}).get(mutation)
            assert payload is not None, answer
            assert payload["errors"][0]["path"][:2] == ["input", str(path[0])]
        marked = orjson.dumps({"query": query_of(mutation), "variables": {"input": changed(good, path, "MARK")}})
        for raw in (b"a\\u0000b", b"\\ud83d", b"\\udc00\\ud800"):
            response = await world.post(marked.replace(b"MARK", raw), "admin")
            assert response.status_code == 400
            assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert await head(world) == before


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_the_ids_of_others_do_not_exist(world: World, known: dict[str, str], mutation: str) -> None:
    given = input_type(mutation)
    good = sample(given, "input", known)
    before = await head(world)
    for path, kind in leaves(given, good):
        if str(get_named_type(kind)) != "ID" or isinstance(kind, GraphQLList):
            continue
        name = next(str(each) for each in reversed(path) if isinstance(each, str))
        for who, id in (("zoe", known[MINE.get(name, "ticket")]), ("anna", known[THEIRS.get(name, "theirs")])):
            answer = await world.ask(who, query_of(mutation), input=changed(good, path, id))
            payload = answer["data"][mutation]
            if not payload["errors"] and who == "anna":
                continue  # her own, or one that may be named freely
            assert payload["errors"], (mutation, path, who)
            assert payload["errors"][0]["code"] in (
                "NOT_FOUND",
                "FORBIDDEN",
                "CONFLICT",
                "INVALID_TRANSITION",
                "VALIDATION_FAILED",
            )
    if mutation not in ("openTicket",):
        assert await head(world) == before


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_ten_megabytes_are_a_typed_error(world: World, known: dict[str, str], mutation: str) -> None:
    good = sample(input_type(mutation), "input", known)
    before = await head(world)
    body = orjson.dumps({"query": query_of(mutation), "variables": {"input": {**good, "idempotencyKey": "x" * 10_000_000}}})
    response = await world.post(body, "admin")
    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert await head(world) == before


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_who_is_not_signed_in_or_only_reads_changes_nothing(world: World, known: dict[str, str], mutation: str) -> None:
    good = sample(input_type(mutation), "input", known)
    before = await head(world)
    answer = await world.ask(None, query_of(mutation), input=good)
    if mutation in BY_TOKEN:
        assert answer["data"][mutation]["errors"][0]["code"] == "TOKEN_INVALID"
    else:
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    payload = (await world.ask("auditor", query_of(mutation), input=good))["data"][mutation]
    assert payload["errors"][0]["code"] == "FORBIDDEN"
    assert await head(world) == before


async def test_a_text_that_is_too_long_is_refused_with_its_limit(world: World, known: dict[str, str]) -> None:
    query = """mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) {
      errors { code path ... on ValidationError { problem limit } } } }"""
    given = {"ticketId": known["ticket"], "body": "x" * 100_001, "idempotencyKey": "long"}
    payload = (await world.say("agnes", query, input=given))["replyToTicket"]
    assert payload["errors"] == [
        {"code": "VALIDATION_FAILED", "path": ["input", "body"], "problem": "TOO_LONG", "limit": "100000"}
    ]
