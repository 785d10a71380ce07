"""Knowledge over GraphQL: read by anybody, found by words, wished for and answered."""

from __future__ import annotations

from typing import Any

from projections.viewer import Role
from tests.services.gateway.world import World, raw, staff_id

FIELDS = """resource { id version kind title abstract url language lifecycle services { ref } answers { id title } }"""
TOPIC = "topic { id version title kind status voteCount viewerHasVoted answeredBy { id } }"
LIST = """query($filter: KnowledgeFilter, $first: Int, $after: Cursor, $at: Position) {
  knowledgeResources(filter: $filter, first: $first, after: $after, atLeast: $at) {
    nodes { id title answers { id } } pageInfo { hasNextPage endCursor } } }"""
WISHES = """query($status: TopicStatus, $first: Int, $after: Cursor, $at: Position) {
  topicRequests(status: $status, first: $first, after: $after, atLeast: $at) {
    nodes { id title voteCount viewerHasVoted answeredBy { title } } pageInfo { endCursor } } }"""
SEARCH = """query($q: String!, $in: [SearchScope!], $at: Position) { search(query: $q, in: $in, atLeast: $at) {
  edges { matchedIn snippet node { __typename ... on KnowledgeResource { id title } } } } }"""


async def published(world: World, title: str, **more: Any) -> dict[str, Any]:
    said = {"kind": "DOCUMENTATION", "title": title, "abstract": f"About {title}.", "url": "https://docs.example.org/a", **more}
    return await world.did("agnes", "publishKnowledge", said, FIELDS)


async def wished(world: World, who: str, title: str, **more: Any) -> dict[str, Any]:
    return await world.did(who, "requestTopic", {"title": title, **more}, TOPIC)


async def listed(world: World, who: str | None, at: str, **filter: Any) -> list[str]:
    found = await world.say(who, LIST, filter=filter, at=at)
    return [each["id"] for each in found["knowledgeResources"]["nodes"]]


async def test_a_wish_is_voted_on_and_answered_and_who_had_it_is_not_shown(world: World) -> None:
    made = (await wished(world, "anna", "BGP by example", kind="VIDEO"))["topic"]
    assert (made["voteCount"], made["viewerHasVoted"], made["status"], made["kind"]) == (1, True, "OPEN", "VIDEO")
    for _ in range(2):
        voted = (await world.did("zoe", "voteForTopic", {"topicId": made["id"]}, TOPIC))["topic"]
        assert (voted["voteCount"], voted["viewerHasVoted"], voted["version"]) == (2, True, 2)
    answer = await published(world, "BGP", kind="VIDEO", answersTopicIds=[made["id"]])
    assert answer["resource"]["answers"] == [{"id": made["id"], "title": "BGP by example"}]
    late = await world.do("boss", "voteForTopic", {"topicId": made["id"]})
    assert late["errors"][0]["code"] == "INVALID_TRANSITION"
    found = (await world.say("boss", WISHES, status="ANSWERED", at=answer["position"]))["topicRequests"]["nodes"]
    assert [each for each in found if each["id"] == made["id"]] == [
        {
            "id": made["id"],
            "title": "BGP by example",
            "voteCount": 2,
            "viewerHasVoted": False,
            "answeredBy": [{"title": "BGP"}],
        }
    ]


async def test_anybody_reads_knowledge_and_only_who_is_signed_in_reads_wishes(world: World) -> None:
    wish = (await wished(world, "anna", "Snapshots"))["topic"]
    made = await published(world, "Snapshots", answersTopicIds=[wish["id"]])
    id = made["resource"]["id"]
    assert id in await listed(world, None, made["position"])
    node = (
        "query($id: ID!) { node(id: $id) { ... on KnowledgeResource { title answers { id } } ... on TopicRequest { title } } }"
    )
    assert (await world.say(None, node, id=id))["node"] == {"title": "Snapshots", "answers": []}
    assert (await world.say(None, node, id=wish["id"]))["node"] is None
    assert (await world.say("program", node, id=wish["id"]))["node"] is None
    assert (await world.say("zoe", node, id=wish["id"]))["node"] == {"title": "Snapshots"}
    refused = await world.ask(None, "{ topicRequests { nodes { id } } }")
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_wishes_come_most_votes_first_and_by_pages(world: World) -> None:
    topics = [(await wished(world, "anna", f"Wish {n}"))["topic"]["id"] for n in range(3)]
    for who, which in (("zoe", 1), ("boss", 1), ("agnes", 1), ("arne", 1), ("zoe", 2), ("boss", 2), ("agnes", 2)):
        last = await world.did(who, "voteForTopic", {"topicId": topics[which]})
    page = (await world.say("zoe", WISHES, first=2, at=last["position"]))["topicRequests"]
    assert [(each["id"], each["voteCount"]) for each in page["nodes"]] == [(topics[1], 5), (topics[2], 4)]
    rest = (await world.say("zoe", WISHES, first=100, after=page["pageInfo"]["endCursor"]))["topicRequests"]["nodes"]
    assert topics[0] in [each["id"] for each in rest]
    assert [each["voteCount"] for each in rest] == sorted((each["voteCount"] for each in rest), reverse=True)


async def test_knowledge_is_filtered_revised_and_retired(world: World) -> None:
    service = await world.did(
        "admin", "registerServiceComponent", {"ref": "dns", "name": "DNS", "group": "Net"},
        "component { id }",
    )  # fmt: skip
    dns = service["component"]["id"]
    made = await published(world, "Zones", kind="CONFIG_EXAMPLE", componentIds=[dns])
    resource, at = made["resource"], made["position"]
    assert resource["services"] == [{"ref": "dns"}]
    assert await listed(world, "anna", at, service={"eq": dns}, kind=["CONFIG_EXAMPLE"]) == [resource["id"]]
    assert await listed(world, "anna", at, service={"eq": dns}, kind=["VIDEO"]) == []
    assert resource["id"] not in await listed(world, "anna", at, service={"nin": [dns]})
    said = {"title": "Zones and records", "abstract": "All.", "url": "https://docs.example.org/zones"}
    revised = await world.did("agnes", "reviseKnowledge", {"resourceId": resource["id"], "expectedVersion": 1, **said}, FIELDS)
    assert (revised["resource"]["title"], revised["resource"]["services"]) == ("Zones and records", [])
    stale = await world.do("agnes", "retireKnowledge", {"resourceId": resource["id"], "expectedVersion": 1})
    assert stale["errors"][0]["code"] == "CONFLICT"
    gone = await world.did("agnes", "retireKnowledge", {"resourceId": resource["id"], "expectedVersion": 2}, FIELDS)
    assert resource["id"] not in await listed(world, None, gone["position"])
    assert resource["id"] in await listed(world, None, gone["position"], lifecycle="RETIRED")


async def test_words_find_knowledge_by_title_and_abstract_while_it_is_in_use(world: World) -> None:
    made = await published(world, "Überbrückung", abstract="Two zeppelins meet.")
    id, at = made["resource"]["id"], made["position"]
    for words in ("uberbruckung", "ZEPPELINS two", "zepp"):
        (edge,) = (await world.say("anna", SEARCH, q=words, at=at, **{"in": ["KNOWLEDGE"]}))["search"]["edges"]
        assert (edge["node"]["id"], edge["matchedIn"]) == (id, "TITLE")
    assert "zeppelins" in edge["snippet"]
    ticket = await world.open("anna", "A zeppelin hit the rack")
    both = await world.say("anna", SEARCH, q="zeppelin", at=ticket["position"])
    assert {each["node"]["__typename"] for each in both["search"]["edges"]} == {"Ticket", "KnowledgeResource"}
    only = await world.say("anna", SEARCH, q="zeppelin", **{"in": ["TICKETS"]})
    assert [each["node"]["__typename"] for each in only["search"]["edges"]] == ["Ticket"]
    people = await world.say("agnes", SEARCH, q="zoe", **{"in": ["PEOPLE"]})
    assert [each["node"]["__typename"] for each in people["search"]["edges"]] == ["Contact"]
    gone = await world.did("agnes", "retireKnowledge", {"resourceId": id, "expectedVersion": 1})
    after = await world.say("anna", SEARCH, q="zeppelins", at=gone["position"], **{"in": ["KNOWLEDGE"]})
    assert after["search"]["edges"] == []


async def test_customers_publish_nothing_and_programs_wish_for_nothing(world: World) -> None:
    said = {"kind": "VIDEO", "title": "Mine", "abstract": "Look.", "url": "https://docs.example.org/b"}
    for who in ("anna", "boss", "program"):
        assert (await world.do(who, "publishKnowledge", said))["errors"][0]["code"] == "FORBIDDEN"
    world.token("publisher", Role.SERVICE, staff_id("publisher"), scopes=["KNOWLEDGE"])
    await world.did("publisher", "publishKnowledge", said)
    assert (await world.do("publisher", "requestTopic", {"title": "More"}))["errors"][0]["code"] == "FORBIDDEN"


async def test_what_an_erased_person_wished_for_has_no_words_and_keeps_its_votes(world: World) -> None:
    who = {"email": "gone@acme.example", "name": "Gone", "organisationId": world.ids["acme"]}
    gone = (await world.did("admin", "registerContact", who, "contact { id version }"))["contact"]
    world.token("gone", Role.CUSTOMER, raw(gone["id"]), organisation=raw(world.ids["acme"]))
    wish = (await wished(world, "gone", "My very own words"))["topic"]["id"]
    await world.did("zoe", "voteForTopic", {"topicId": wish})
    erase = {"contactId": gone["id"], "confirmation": "gone@acme.example", "expectedVersion": gone["version"]}
    erased = await world.did("admin", "eraseContact", erase)
    node = "query($id: ID!, $at: Position) { node(id: $id, atLeast: $at) { ... on TopicRequest { title voteCount } } }"
    assert (await world.say("zoe", node, id=wish, at=erased["position"]))["node"] == {
        "title": "A wish of somebody erased",
        "voteCount": 2,
    }
