"""The root fields that read knowledge, for anybody, and wishes, for who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from projections.knowledge_resources import Wanted, resources_page
from projections.knowledge_topics import topics_page
from projections.paging import BadCursor
from services.gateway import ids
from services.gateway.access import Access, AccessLevel, Scope
from services.gateway.context import Info
from services.gateway.failures import Code, RequestFailed
from services.gateway.knowledge.types import KnowledgeResourceConnection, TopicRequestConnection
from services.gateway.knowledge.vocabulary import KnowledgeKind, TopicStatus
from services.gateway.read_models import KNOWLEDGE
from services.gateway.status.vocabulary import Lifecycle
from services.gateway.tickets.filters import IdComparator
from services.gateway.tickets.queries import After, AtLeast, Before, First, Last
from services.gateway.tickets.wants import bad_cursor, page_of

T = TypeVar("T")
NOBODY = UUID(int=0)
"""In the place of an id that is none of ours: it fits nothing."""
MOST_VALUES = 50


@strawberry.input(description="Which resources.")
class KnowledgeFilter:
    kind: list[KnowledgeKind] | None = strawberry.field(description="Forms.", default=None)
    service: IdComparator | None = strawberry.field(description="Service.", default=None)
    lifecycle: Lifecycle | None = strawberry.field(description="In use or retired; in use if left out.", default=None)


@strawberry.type
class KnowledgeQueries:
    @strawberry.field(description="Knowledge, newest first.", directives=[Access(level=AccessLevel.PUBLIC)])
    async def knowledge_resources(
        self,
        info: Info,
        filter: Annotated[KnowledgeFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> KnowledgeResourceConnection:
        page, wanted = page_of(first, after, last, before), _wanted(filter)
        database = await info.context.reading_public(at_least, KNOWLEDGE)
        try:
            return KnowledgeResourceConnection.of(await resources_page(database, wanted, page))
        except BadCursor as bad:
            raise bad_cursor(bad) from None

    @strawberry.field(
        description="Wishes, most votes first.", directives=[Access(level=AccessLevel.CONTACT, scope=Scope.KNOWLEDGE)]
    )
    async def topic_requests(
        self,
        info: Info,
        status: Annotated[TopicStatus | None, strawberry.argument(description="State; open if left out.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        at_least: AtLeast = None,
    ) -> TopicRequestConnection:
        context, page = info.context, page_of(first, after, last, before)
        database = await context.reading(at_least, KNOWLEDGE)
        try:
            found = await topics_page(database, context.viewer, status.name if status else "OPEN", page)
        except BadCursor as bad:
            raise bad_cursor(bad) from None
        return TopicRequestConnection.of(found)


def _wanted(asked: KnowledgeFilter | None) -> Wanted:
    if asked is None:
        return Wanted()
    service = asked.service
    services: set[UUID] | None = None
    if service is not None and service.in_ is not None:
        services = {_id(each) for each in _bounded(service.in_)}
    if service is not None and service.eq is not None:
        services = {_id(service.eq)} & (services if services is not None else {_id(service.eq)})
    return Wanted(
        kinds=None if asked.kind is None else [each.name for each in _bounded(asked.kind)],
        services=None if services is None else sorted(services),
        not_services=[_id(each) for each in _bounded(service.nin)] if service and service.nin is not None else (),
        retired=asked.lifecycle is not None and asked.lifecycle.name == "RETIRED",
    )


def _id(text: str) -> UUID:
    known = ids.read(text)
    return known[1] if known and known[0] == "component" else NOBODY


def _bounded(values: Sequence[T]) -> Sequence[T]:
    if len(values) > MOST_VALUES:
        raise RequestFailed(Code.BAD_INPUT, f"A comparator takes at most {MOST_VALUES} values.")
    return values
