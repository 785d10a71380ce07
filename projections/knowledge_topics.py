"""What do people wish to learn about, how many want it, and what answered them?

Everybody who is signed in sees every wish and none sees who had it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from domain.knowledge.events import TopicAnswered, TopicRequested, TopicVoted
from projections.arguments import Arguments, document
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Envelope, Projection
from projections.viewer import Role, Viewer

topics = Projection(
    "topics",
    version=1,
    tables="""
    CREATE TABLE topics(
      id uuid PRIMARY KEY, subject uuid NOT NULL, version int NOT NULL, title text, kind text, status text NOT NULL DEFAULT 'OPEN',
      votes int NOT NULL DEFAULT 1);
    CREATE INDEX topics_by_votes ON topics(status, votes, id);
    CREATE TABLE topic_voters(topic uuid NOT NULL, voter uuid NOT NULL, PRIMARY KEY (topic, voter));
    CREATE TABLE topic_answers(topic uuid NOT NULL, place int NOT NULL, resource uuid NOT NULL, PRIMARY KEY (topic, place));
    """,
    personal=(("topics", "subject", ("title",)),),
)

REQUEST = "INSERT INTO topics(id, subject, version, title, kind) VALUES ($1, $2, $3, $4, $5)"
VOTER = "INSERT INTO topic_voters(topic, voter) VALUES ($1, $2)"
VOTE = "UPDATE topics SET version = $2, votes = votes + 1 WHERE id = $1"
ANSWER = "UPDATE topics SET version = $2, status = 'ANSWERED' WHERE id = $1"
BY = "INSERT INTO topic_answers(topic, place, resource) VALUES ($1, $2, $3)"


@topics.on(TopicRequested)
def requested(event: TopicRequested, envelope: Envelope) -> list[Statement]:
    wish = (envelope.stream, event.title.of, envelope.version, event.title.value, event.kind)
    return [(REQUEST, wish), (VOTER, (envelope.stream, event.author))]


@topics.on(TopicVoted)
def voted(event: TopicVoted, envelope: Envelope) -> list[Statement]:
    return [(VOTER, (envelope.stream, event.voter)), (VOTE, (envelope.stream, envelope.version))]


@topics.on(TopicAnswered)
def answered(event: TopicAnswered, envelope: Envelope) -> list[Statement]:
    return [
        (ANSWER, (envelope.stream, envelope.version)),
        (BY, (envelope.stream, envelope.version, event.resource)),
    ]


class Topic(Struct, frozen=True, kw_only=True):
    """`title` is None once its author is erased; `voted` says whether the viewer did; `answered_by` are resources."""

    id: UUID
    version: int
    status: str
    votes: int
    voted: bool
    answered_by: list[UUID]
    title: str | None = None
    kind: str | None = None


def topic(arguments: Arguments, viewer: Viewer, alias: str) -> str:
    """The document of a row of topics under this alias."""
    # Not EXISTS: of that the planner may make a hash of all voters.
    mine = f"SELECT count(*) FROM topic_voters v WHERE v.topic = {alias}.id AND v.voter = {arguments(viewer.id, 'uuid')}"
    by = f"SELECT coalesce(json_agg(a.resource ORDER BY a.place), '[]') FROM topic_answers a WHERE a.topic = {alias}.id"
    columns = ("id", "version", "status", "votes", "title", "kind")
    return document({**{name: f"{alias}.{name}" for name in columns}, "voted": f"({mine}) > 0", "answered_by": f"({by})"})


def sees(viewer: Viewer) -> bool:
    """A program sees wishes by a scope."""
    return viewer.role is not Role.SERVICE or "KNOWLEDGE" in viewer.scopes


async def topics_by_id(db: Database, viewer: Viewer | None, ids: Sequence[UUID]) -> list[Topic]:
    """These wishes; none to who is not signed in."""
    if viewer is None or not sees(viewer):
        return []
    arguments = Arguments()
    doc, these = topic(arguments, viewer, "t"), arguments(list(ids), "uuid[]")
    sql = f"SELECT {doc}::text AS doc FROM topics t WHERE t.id = ANY({these})"
    return [json.decode(row["doc"], type=Topic) for row in await db.fetch(sql, *arguments.values)]


async def topics_page(db: Database, viewer: Viewer, status: str, page: Page) -> Connection[Topic]:
    """Wishes in this state, most votes first. A wish that gains votes while somebody pages may be met twice, or not."""
    if not sees(viewer):
        return Connection()
    arguments = Arguments()
    cursors = Cursors.bound_to("topics", status)
    order = Order("t.votes", "int", "t.id", "uuid", descending=True)
    sql = f"""SELECT {topic(arguments, viewer, "t")}::text AS doc, {order.columns} FROM topics t
      WHERE t.status = {arguments(status, "text")} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}"""
    rows = await db.fetch(sql, *arguments.values)
    return Connection.of([(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Topic)) for row in rows], page, cursors)
