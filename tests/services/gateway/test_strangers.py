"""What is another organisation's cannot be told from what does not exist: every id of every query, mutation and live feed, for every role.

The fields and their ids are taken from the schema, so a new one is tried as soon as it is there.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_union_type,
)

from domain.chat.rooms import Room
from projections.viewer import Role
from services.gateway.ids import global_id, read
from services.gateway.schema import executable
from tests.services.gateway.sockets import Socket, socket
from tests.services.gateway.test_bad_input import SAMPLES
from tests.services.gateway.world import World, raw, staff_id

SCHEMA: GraphQLSchema = executable()
assert SCHEMA.mutation_type is not None
assert SCHEMA.query_type is not None
MUTATIONS = sorted(SCHEMA.mutation_type.fields)
QUERIES = sorted(SCHEMA.query_type.fields)
assert SCHEMA.subscription_type is not None
FEEDS = sorted(SCHEMA.subscription_type.fields)
ROOTS = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
STRANGERS = ("boss", "manager")
"""Whoever sees one organisation alone and may do the most there."""
OWN = {
    "ticketId": "ticket", "otherTicketId": "other", "intoTicketId": "other", "agentId": "agnes", "leadId": "agnes", "contactId": "anna",
    "requesterId": "anna", "watcherId": "anna", "entryId": "entry", "entryIds": "entry", "organisationId": "acme", "contractId": "contract",
    "subscriptionId": "subscription", "engagementId": "engagement", "accessId": "access", "topicId": "topic", "answersTopicIds": "topic",
    "componentId": "component", "componentIds": "component", "services": "component", "noticeId": "notice", "queueId": "queue",
}  # fmt: skip
Path = tuple[str | int, ...]


@pytest.fixture(scope="module")
async def here(world: World) -> dict[str, dict[str, str]]:
    """The same of two organisations: `acme` is whose the strangers are, `zenith` whom they know nothing of."""
    queue = (await world.say("agnes", "{ queues { id } }"))["queues"][0]["id"]
    new = {"ref": "strangers", "name": "Compute", "group": "IaaS"}
    component = (await world.did("admin", "registerServiceComponent", new, "component { id }"))["component"]["id"]
    impacts = [{"componentId": component, "state": "DEGRADED"}]
    declare = {"title": "Slow", "severity": "MINOR", "impacts": impacts, "body": "We look."}
    notice = (await world.did("agnes", "declareIncident", declare, "notice { id }"))["notice"]["id"]
    shared = {"queue": queue, "component": component, "notice": notice, "agnes": world.ids["agnes"]}
    world.token("manager", Role.SERVICE_MANAGER, staff_id("manager"), organisations=[raw(world.ids["acme"])])
    made = {}
    for home, person in (("acme", "anna"), ("zenith", "zoe")):
        made[home] = {
            **shared,
            "organisation": world.ids[home],
            "contact": world.ids[person],
            **await _things(world, home, person),
        }
    return made


async def _things(world: World, home: str, person: str) -> dict[str, str]:
    now = datetime.now(UTC).isoformat()
    opened, other = await world.open(person), await world.open(person)
    draft = {"organisationId": world.ids[home], "ref": f"S-{home}", "product": "SUPPORT-premium", "from": now}
    contract = await world.did("admin", "draftContract", draft, "contract { id }")
    ids = {"contractId": contract["contract"]["id"], "expectedVersion": contract["version"]}
    await world.did("admin", "activateContract", ids)
    where = {"destination": {"email": f"strangers@{home}.example"}, "severityFloor": "MINOR", "componentIds": []}
    subscription = await world.did(person, "requestStatusSubscription", where, "subscription { id }")
    wish = {"kind": "MIGRATION", "wish": "Help us move."}
    engagement = await world.did(person, "requestEngagement", wish, "engagement { id }")
    room = global_id("chat_room", Room.backchannel(raw(world.ids[home])).id)
    access = await world.did(person, "requestChatRoomAccess", {"roomId": room}, "access { id }")
    topic = await world.did(person, "requestTopic", {"title": "How to move"}, "topic { id }")
    return {
        "ticket": opened["id"],
        "entry": opened["entry"],
        "other": other["id"],
        "contract": ids["contractId"],
        "subscription": subscription["subscription"]["id"],
        "engagement": engagement["engagement"]["id"],
        "room": room,
        "access": access["access"]["id"],
        "topic": topic["topic"]["id"],
    }


def sample(given: GraphQLInputType, name: str, own: dict[str, str]) -> Any:
    """A value that fits a type, as whoever is of acme would give it."""
    if isinstance(given, GraphQLNonNull):
        return sample(given.of_type, name, own)
    if isinstance(given, GraphQLList):
        return [sample(given.of_type, name, own)]
    if isinstance(given, GraphQLEnumType):
        return next(iter(given.values))
    if isinstance(given, GraphQLInputObjectType):
        needed = {each: field for each, field in given.fields.items() if isinstance(field.type, GraphQLNonNull)}
        if given.is_one_of:
            needed = dict([next(iter(given.fields.items()))])
        return {each: sample(field.type, each, own) for each, field in needed.items()}
    if str(given) == "ID":
        return own.get(OWN.get(name, name.removesuffix("Id")), own["ticket"])
    return SAMPLES.get(str(given), "text")


def places(given: GraphQLInputType, value: Any, own: dict[str, str], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place of an id, those that may be left out too, with a value around it in which the place is there."""
    bare = given.of_type if isinstance(given, GraphQLNonNull) else given
    if isinstance(bare, GraphQLInputObjectType):
        if len(path) > 6:
            return
        for name, field in bare.fields.items():
            inside = sample(field.type, name, own)
            if get_named_type(field.type).name == bare.name:  # and, or, not
                continue
            for place, made in places(field.type, inside, own, (*path, name)):
                yield place, {name: made} if bare.is_one_of else {**(value or {}), name: made}
    elif isinstance(bare, GraphQLList):
        for place, made in places(bare.of_type, sample(bare.of_type, str(path[-1]), own), own, (*path, 0)):
            yield place, [made]
    elif str(bare) == "ID":
        yield path, "HERE"


def put(value: Any, id: str) -> Any:
    if isinstance(value, dict):
        return {name: put(each, id) for name, each in value.items()}
    if isinstance(value, list):
        return [put(each, id) for each in value]
    return id if value == "HERE" else value


def selection(field: GraphQLField) -> str:
    kind = get_named_type(field.type)
    if not is_composite_type(kind):
        return ""
    chosen = ["__typename"]
    for name, inner in getattr(kind, "fields", {}).items():
        shown = get_named_type(inner.type)
        if is_leaf_type(shown):
            chosen.append(name)
        elif name == "nodes":
            chosen.append("nodes { __typename }" if is_union_type(shown) else "nodes { __typename ... on Node { id } }")
    return f"{{ {' '.join(chosen)} }}"


def candidates(path: Path, theirs: dict[str, str], here: dict[str, str]) -> list[str]:
    """Ids of theirs that could stand at a place, by its name; all of them where the name says nothing."""
    name = next(str(each) for each in reversed(path) if isinstance(each, str))
    known = OWN.get(name, name.removesuffix("Id"))
    known = {"anna": "contact", "acme": "organisation", "agnes": "contact"}.get(known, known)
    # Wishes are everybody's, on purpose: who sees one may want it too.
    private = {each: id for each, id in theirs.items() if here[each] != id and each != "topic"}
    if known in private:
        return [private[known]]
    return [] if known in here else sorted(private.values())


def parties(path: Path, theirs: dict[str, str], here: dict[str, str]) -> list[str]:
    """The same, of those only by which tickets are selected: enough where each attempt is dear."""
    return [id for id in candidates(path, theirs, here) if read(id)[0] in ("organisation", "contact", "ticket")]  # type: ignore[index]


def ghost(id: str) -> str:
    found = read(id)
    assert found is not None
    return global_id(found[0], uuid4())


def told(answer: dict[str, Any], id: str) -> str:
    return str(answer).replace(id, "…")


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_no_mutation_tells_what_is_anothers_from_what_is_not_there(
    world: World, here: dict[str, dict[str, str]], mutation: str
) -> None:
    acme, zenith = here["acme"], here["zenith"]
    assert SCHEMA.mutation_type is not None
    given = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)
    assert isinstance(given, GraphQLInputObjectType)
    details = """... on Conflict { currentVersion } ... on InvalidTransition { current allowed } ... on RuleViolated { rule }
      ... on AlreadyExists { existing { id } }"""
    answer = f"{{ version position errors {{ __typename code message path {details} }} }}"
    query = f"mutation($a: {given.name}!, $b: {given.name}!) {{ a: {mutation}(input: $a) {answer} b: {mutation}(input: $b) {answer} }}"

    async def differ(who: str, value: Any, theirs: str, more: dict[str, int]) -> tuple[str, str]:
        nobodys = ghost(theirs)
        first, second = ({**put(value, id), "idempotencyKey": world.key, **more} for id in (theirs, nobodys))
        said = await world.say(who, query, a=first, b=second)
        for error in said["b"]["errors"]:
            if error["__typename"] == "Conflict" and not more:  # something of one's own: now as one who has looked
                name = error["path"][-1]
                return await differ(who, value, theirs, {name: error["currentVersion"]})
        return told(said["a"], theirs), told(said["b"], nobodys)

    for path, value in places(given, sample(given, "input", acme), acme):
        for theirs in candidates(path, zenith, acme):
            for who in STRANGERS:
                one, other = await differ(who, value, theirs, {})
                assert one == other, (who, path)


@pytest.mark.parametrize("name", QUERIES)
async def test_no_query_tells_what_is_anothers_from_what_is_not_there(
    world: World, here: dict[str, dict[str, str]], name: str
) -> None:
    acme, zenith = here["acme"], here["zenith"]
    assert SCHEMA.query_type is not None
    field = SCHEMA.query_type.fields[name]
    for argument, definition in field.args.items():
        needed = {each: arg for each, arg in field.args.items() if isinstance(arg.type, GraphQLNonNull) or each == argument}
        declared = ", ".join(f"${each}: {arg.type}" for each, arg in needed.items())
        passed = ", ".join(f"{each}: ${each}" for each in needed)
        query = f"query({declared}) {{ {name}({passed}) {selection(field)} }}"
        around = {each: sample(arg.type, each, acme) for each, arg in needed.items()}
        for path, value in places(definition.type, sample(definition.type, argument, acme), acme, (argument,)):
            for theirs in candidates(path, zenith, acme):
                nobodys = ghost(theirs)
                for who in STRANGERS:
                    one, other = [
                        told(await world.ask(who, query, **{**around, argument: put(value, id)}), id)
                        for id in (theirs, nobodys)
                    ]
                    assert one == other, (who, path)


def nested(own: dict[str, str]) -> list[tuple[str, str, str]]:
    """Every field of an object with an argument in which an id may stand: type, field, argument."""
    return [
        (name, field, argument)
        for name, kind in sorted(SCHEMA.type_map.items())
        if isinstance(kind, GraphQLObjectType) and kind not in ROOTS and not name.startswith("__")
        for field, declared in kind.fields.items()
        for argument, definition in declared.args.items()
        if [*places(definition.type, sample(definition.type, argument, own), own, (argument,))]
    ]


async def test_no_field_of_an_object_tells_what_is_anothers_from_what_is_not_there(
    world: World, here: dict[str, dict[str, str]]
) -> None:
    acme, zenith = here["acme"], here["zenith"]
    tried = nested(acme)
    assert ("Organisation", "tickets", "filter") in tried
    for name, field, argument in tried:
        kind = SCHEMA.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        assert name.lower() in acme, f"say how {name}.{field} is reached"
        declared = kind.fields[field]
        definition = declared.args[argument]
        query = f"""query($reached: ID!, $x: {definition.type}) {{ node(id: $reached) {{ ... on {name} {{
          {field}({argument}: $x) {selection(declared)} }} }} }}"""
        for path, value in places(definition.type, sample(definition.type, argument, acme), acme, (argument,)):
            for theirs in parties(path, zenith, acme):
                nobodys = ghost(theirs)
                for who in STRANGERS:
                    one, other = [
                        told(await world.ask(who, query, reached=acme[name.lower()], x=put(value, id)), id)
                        for id in (theirs, nobodys)
                    ]
                    assert one == other, (who, name, path)


@pytest.mark.parametrize("who", STRANGERS)
async def test_no_live_feed_tells_what_is_anothers_from_what_is_not_there(
    world: World, here: dict[str, dict[str, str]], who: str
) -> None:
    acme, zenith = here["acme"], here["zenith"]
    assert SCHEMA.subscription_type is not None
    pairs: list[Pair] = []
    for name in FEEDS:
        field = SCHEMA.subscription_type.fields[name]
        for argument, definition in field.args.items():
            query = f"subscription($x: {definition.type}) {{ {name}({argument}: $x) {selection(field)} }}"
            for path, value in places(definition.type, sample(definition.type, argument, acme), acme, (argument,)):
                pairs += [((name, *path), theirs, ghost(theirs), value, query) for theirs in parties(path, zenith, acme)]
    assert {path[0] for path, *_ in pairs} >= {"ticketChanged", "ticketsChanged"}
    for first in range(0, len(pairs), BATCH):
        await compare(world, who, pairs[first : first + BATCH], acme["ticket"], zenith["ticket"])


Pair = tuple[Path, str, str, Any, str]
BATCH = 20
"""At most fifty operations run on one connection."""


async def compare(world: World, who: str, pairs: list[Pair], own: str, anothers: str) -> None:
    """What each of two operations says while something happens to another's ticket and then to one's own."""
    heard: dict[str, list[Any]] = {"all": []}
    async with socket(world, who) as live:
        await live.subscribe("subscription { ticketsChanged { ticketId } }", "all")
        for number, (_, theirs, nobodys, value, query) in enumerate(pairs):
            for op, id in ((f"{number} theirs", theirs), (f"{number} nobodys", nobodys)):
                heard[op] = []
                await live.subscribe(query, op, x=put(value, id))
        await live.send(type="subscribe", id="begun", payload={"query": "{ __typename }"})
        while "begun" not in heard:
            await hear(live, heard)
        for ticket, person in ((anothers, "zoe"), (own, "anna")):
            await world.did(person, "replyToTicket", {"ticketId": ticket, "body": "Any news?"})
        while not any(own in str(each) for each in heard["all"]):
            await hear(live, heard)
        with contextlib.suppress(TimeoutError):
            while True:
                await hear(live, heard, 0.7)
    assert anothers not in str(heard["all"])
    for number, (path, theirs, nobodys, _, _) in enumerate(pairs):
        assert bare(heard[f"{number} theirs"], theirs) == bare(heard[f"{number} nobodys"], nobodys), path


async def hear(live: Socket, heard: dict[str, list[Any]], seconds: float = 10) -> None:
    message = await live.receive(seconds)
    heard.setdefault(message["id"], []).append((message["type"], message.get("payload")))


def bare(heard: list[Any], id: str) -> str:
    """Without what differs between any two messages."""
    return re.sub(r"'(cursor|position)': '[^']*'", "", told({"heard": heard}, id))
