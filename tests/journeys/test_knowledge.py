"""From a wish to a page that answers it, through the processes that `make run` starts, with a real GraphQL client.

One customer wishes, another organisation's votes, an agent publishes, somebody who is not signed in reads, and words find it.
"""

from __future__ import annotations

import pytest
from gql import gql

from tests.journeys.clients import act, acted, say
from tests.journeys.homes import a_home
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio

WISHES = gql("""query($status: TopicStatus, $least: Position) { topicRequests(status: $status, atLeast: $least, first: 100) {
  nodes { id title voteCount viewerHasVoted answeredBy { title url } } } }""")
CATALOGUE = gql("""query($least: Position) { knowledgeResources(filter: {kind: [CONFIG_EXAMPLE]}, atLeast: $least) {
  nodes { id title url publishedAt answers { id } } } }""")
OF_KIND = gql("""query($kind: [KnowledgeKind!], $least: Position) {
  knowledgeResources(filter: {kind: $kind}, atLeast: $least, first: 100) { nodes { id kind } } }""")
SEARCH = gql("""query($words: String!) { search(query: $words, in: [KNOWLEDGE]) {
  edges { snippet node { __typename ... on KnowledgeResource { id } } } } }""")
TOPIC = "topic { id voteCount viewerHasVoted }"


async def test_from_a_wish_to_what_answers_it(desk: RunningDesk) -> None:
    author, voter, agent = (await a_home(desk)).customer, (await a_home(desk, "Aurora")).customer, desk.token("AGENT")
    wish = (await acted(desk, author, "requestTopic", TOPIC, title="A failover pair, please"))["topic"]
    other = (await acted(desk, author, "requestTopic", TOPIC, title="Something else"))["topic"]
    for _ in range(2):
        voted = await acted(desk, voter, "voteForTopic", TOPIC, topicId=wish["id"])
        assert (voted["topic"]["voteCount"], voted["topic"]["viewerHasVoted"]) == (2, True)
    open_ = (await say(desk, voter, WISHES, status=None, least=voted["position"]))["topicRequests"]["nodes"]
    ours = [each["id"] for each in open_ if each["id"] in (wish["id"], other["id"])]
    assert ours == [wish["id"], other["id"]]

    said = {"kind": "CONFIG_EXAMPLE", "title": "Failover in pairs", "abstract": "Two nodes, one floating address."}
    url = "https://docs.example.org/failover"
    refused = await act(desk, voter, "publishKnowledge", "version", url=url, **said)
    assert [each["code"] for each in refused["errors"]] == ["FORBIDDEN"]
    made = await acted(desk, agent, "publishKnowledge", "resource { id }", url=url, answersTopicIds=[wish["id"]], **said)

    catalogue = (await say(desk, None, CATALOGUE, least=made["position"]))["knowledgeResources"]["nodes"]
    assert [(each["id"], each["answers"]) for each in catalogue if each["url"] == url] == [(made["resource"]["id"], [])]
    answered = (await say(desk, author, WISHES, status="ANSWERED", least=made["position"]))["topicRequests"]["nodes"]
    assert [each["answeredBy"] for each in answered if each["id"] == wish["id"]] == [[{"title": said["title"], "url": url}]]
    (edge,) = (await say(desk, voter, SEARCH, words="floating addr"))["search"]["edges"]
    assert edge["node"] == {"__typename": "KnowledgeResource", "id": made["resource"]["id"]}

    gone = await acted(desk, agent, "retireKnowledge", "version", resourceId=made["resource"]["id"], expectedVersion=1)
    left = (await say(desk, None, CATALOGUE, least=gone["position"]))["knowledgeResources"]["nodes"]
    assert made["resource"]["id"] not in [each["id"] for each in left]


async def test_all_that_is_published_is_read_without_signing_in(desk: RunningDesk) -> None:
    agent, kinds = desk.token("AGENT"), ("DOCUMENTATION", "CONFIG_EXAMPLE", "VIDEO")
    for kind in kinds:
        page = {"kind": kind, "title": f"A {kind.lower()}", "abstract": "How it works.", "url": "https://docs.example.org/all"}
        made = await acted(desk, agent, "publishKnowledge", "resource { id }", **page)
        found = (await say(desk, None, OF_KIND, kind=[kind], least=made["position"]))["knowledgeResources"]["nodes"]
        assert (made["resource"]["id"], kind) in [(each["id"], each["kind"]) for each in found]
