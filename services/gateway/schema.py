"""Joins the rooms into one schema, puts the guards on its root fields, and prints it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig

from services.gateway import guards, refusals
from services.gateway.chat.mutations import ChatMutations
from services.gateway.chat.queries import ChatQueries
from services.gateway.chat.subscriptions import ChatSubscriptions
from services.gateway.chat.types import ChatRoom, ChatRoomAccess
from services.gateway.contracts.mutations import ContractMutations
from services.gateway.contracts.queries import ContractQueries
from services.gateway.contracts.types import Contract
from services.gateway.engagements.mutations import EngagementMutations
from services.gateway.engagements.queries import EngagementQueries
from services.gateway.engagements.types import Engagement
from services.gateway.knowledge.mutations import KnowledgeMutations
from services.gateway.knowledge.queries import KnowledgeQueries
from services.gateway.knowledge.types import KnowledgeResource, TopicRequest
from services.gateway.meetings.mutations import MeetingMutations
from services.gateway.meetings.queries import MeetingQueries
from services.gateway.meetings.types import ActionItem, OperationsMeeting
from services.gateway.operations.projections import OperationsQueries
from services.gateway.people.data_exports import DataExport
from services.gateway.people.erasure import ErasureMutations, ErasureQueries
from services.gateway.people.exporting import ExportMutations
from services.gateway.people.mutations import PeopleMutations
from services.gateway.people.parties import Agent, Contact, Organisation, Queue, ServiceAccount, SystemActor
from services.gateway.people.queries import PeopleQueries
from services.gateway.people.verification import VerificationMutations
from services.gateway.reports.queries import ReportQueries
from services.gateway.scalars import SCALARS
from services.gateway.status.components import ServiceComponent
from services.gateway.status.mutations import StatusMutations
from services.gateway.status.notices import Maintenance, StatusIncident
from services.gateway.status.queries import StatusQueries
from services.gateway.status.subscriptions import StatusSubscriptions
from services.gateway.subscriptions.mutations import SubscriptionMutations
from services.gateway.subscriptions.queries import SubscriptionQueries
from services.gateway.subscriptions.types import StatusSubscription
from services.gateway.tickets import entries
from services.gateway.tickets.alerts import AlertSubscriptions
from services.gateway.tickets.conversation import ConversationMutations
from services.gateway.tickets.lifecycle import LifecycleMutations
from services.gateway.tickets.promises import SlaTarget
from services.gateway.tickets.queries import TicketQueries
from services.gateway.tickets.relations import RelationMutations
from services.gateway.tickets.subscriptions import TicketSubscriptions
from services.gateway.tickets.triage import TriageMutations


@strawberry.type(name="Query", description="Reading. Null from a lookup means: not there, or not for you.")
class Query(
    PeopleQueries,
    TicketQueries,
    StatusQueries,
    OperationsQueries,
    EngagementQueries,
    MeetingQueries,
    ReportQueries,
    ContractQueries,
    ChatQueries,
    SubscriptionQueries,
    KnowledgeQueries,
    ErasureQueries,
):
    """All that can be read."""


@strawberry.type(
    name="Mutation",
    description="Changing. One root field an operation is advised; several run in order, and each stands or falls alone.",
)
class Mutation(
    ConversationMutations,
    TriageMutations,
    LifecycleMutations,
    RelationMutations,
    PeopleMutations,
    ContractMutations,
    EngagementMutations,
    MeetingMutations,
    StatusMutations,
    ChatMutations,
    SubscriptionMutations,
    KnowledgeMutations,
    VerificationMutations,
    ErasureMutations,
    ExportMutations,
):
    """All that can be done."""


@strawberry.type(
    name="Subscription",
    description="Live. Messages come at least once, in order for each object; equal cursors are the same message."
    " Rights are judged again for every message; what a customer may not see sends them nothing.",
)
class Subscription(TicketSubscriptions, AlertSubscriptions, StatusSubscriptions, ChatSubscriptions):
    """All that can be watched."""


@cache
def strawberry_schema() -> strawberry.Schema:
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            ServiceComponent, StatusIncident, Maintenance, StatusSubscription,
            DataExport, Agent, ChatRoom, ChatRoomAccess, KnowledgeResource, TopicRequest,
            Contact, Contract, Engagement, OperationsMeeting, ActionItem,
            Organisation, Queue, ServiceAccount, SystemActor, SlaTarget, *entries.TYPES, *refusals.TYPES,
        ],
        config=StrawberryConfig(scalar_map=dict(SCALARS)),
    )  # fmt: skip
    for named in schema._schema.type_map.values():
        if isinstance(named, (GraphQLObjectType, GraphQLInterfaceType)):
            for field in named.fields.values():
                _without_null(field.args.values())
        elif isinstance(named, GraphQLInputObjectType):
            _without_null(named.fields.values())
            definition = named.extensions.get("strawberry-definition")
            named.is_one_of = bool(definition and definition.is_one_of)  # judged with the document, not first when it runs
    return schema


def _without_null(values: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    """Python's None is a default of ours; to clients, what may be left out has none."""
    for value in values:
        if value.default_value is None:
            value.default_value = Undefined


@cache
def executable() -> GraphQLSchema:
    """The schema that requests run on: guarded, and with plain attributes read as such."""
    schema = strawberry_schema()._schema
    for root, guard in (
        (schema.query_type, guards.query), (schema.mutation_type, guards.mutation), (schema.subscription_type, guards.subscription)
    ):  # fmt: skip
        assert root is not None
        for field in root.fields.values():
            if root is schema.subscription_type:
                field.subscribe = guard(field)
            else:
                field.resolve = guard(field)
    for named in schema.type_map.values():
        if isinstance(named, GraphQLObjectType) and named not in (schema.query_type, schema.mutation_type):
            for field in named.fields.values():
                _plain(field)
    return schema


def _plain(field: GraphQLField) -> None:
    """An attribute needs no resolver machinery: this is most of what a read costs in Python."""
    definition = field.extensions.get("strawberry-definition")
    if definition is None or field.resolve is None or not getattr(field.resolve, "_is_default", False):
        return
    read = attrgetter(definition.python_name)

    def resolve(source: Any, _info: Any) -> Any:
        return read(source)

    field.resolve = resolve


def printed() -> str:
    """schema.graphql, as it is committed and served."""
    return strawberry_schema().as_str().rstrip() + "\n"
