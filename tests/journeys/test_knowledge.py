"""From a wish to a page that answers it, through the processes that `make run` starts, with a real GraphQL client.

One customer wishes, another organisation's votes, an agent publishes, somebody who is not signed in reads, and words find it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from gql import GraphQLRequest, gql

from tests.journeys.aftermath import the_views_are_equal
from tests.journeys.running import RunningDesk, asked, running_desk

pytestmark = pytest.mark.anyio

NIGHT = "2027-12-31T23:59:50Z"
"""A year ends while it runs."""
WISHES = gql("""query($status: TopicStatus, $least: Position) { topicRequests(status: $status, atLeast: $least, first: 100) {
  nodes { id title voteCount viewerHasVoted answeredBy { title url } } } }""")
CATALOGUE = gql("""query($least: Position) { knowledgeResources(filter: {kind: [CONFIG_EXAMPLE]}, atLeast: $least) {
  nodes { id title url publishedAt answers { id } } } }""")
SEARCH = gql("""query($words: String!) { search(query: $words, in: [KNOWLEDGE]) {
  edges { snippet node { __typename ... on KnowledgeResource { id } } } } }""")
TOPIC = "topic { id voteCount viewerHasVoted }"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("knowledge"), clock=NIGHT) as running:
        yield running


async def say(desk: RunningDesk, token: str | None, document: GraphQLRequest, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await desk.as_role(token).execute_async(asked(document, variables))
    return answer


async def act(desk: RunningDesk, token: str, mutation: str, select: str, /, **input: Any) -> dict[str, Any]:
    """A mutation's payload, refused or not; with a fresh key."""
    kind = mutation[0].upper() + mutation[1:]
    document = gql(f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ {select} position errors {{ code }} }} }}")
    answer = await say(desk, token, document, input={"idempotencyKey": str(uuid4()), **input})
    payload: dict[str, Any] = answer[mutation]
    return payload


async def acted(desk: RunningDesk, token: str, mutation: str, select: str, /, **input: Any) -> dict[str, Any]:
    payload = await act(desk, token, mutation, select, **input)
    assert payload["errors"] == []
    return payload


async def test_from_a_wish_to_what_answers_it(desk: RunningDesk) -> None:
    author = desk.token("CUSTOMER", "--organisation", "fjordlab")
    voter = desk.token("CUSTOMER", "--organisation", "aurora")
    agent = desk.token("AGENT")
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
    await the_views_are_equal(desk)
