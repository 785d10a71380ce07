"""Whatever has a global id, by it: those of a kind in one statement, null for what is not there or not for the viewer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from projections.data_exports import exports_by_id
from projections.queues import all_queues
from projections.status_components import components_by_id
from projections.status_incidents import incidents_by_id
from projections.status_maintenance import maintenance_by_id
from projections.status_notices import updates_by_id
from projections.subscriptions import subscriptions_by_id
from projections.ticket_reading import entries
from projections.ticket_rows import TimelineWant
from projections.ticket_sla import sla_targets
from services.gateway import ids
from services.gateway.chat import loading as chat_loading
from services.gateway.chat.queries import rooms_by_id
from services.gateway.chat.types import ChatRoomAccess
from services.gateway.context import Info
from services.gateway.contracts import loading as contract_loading
from services.gateway.contracts.types import Contract
from services.gateway.engagements import loading as engagement_loading
from services.gateway.engagements.types import Engagement
from services.gateway.failures import Code, RequestFailed
from services.gateway.knowledge import loading as knowledge_loading
from services.gateway.knowledge.types import KnowledgeResource, TopicRequest
from services.gateway.meetings import loading as meeting_loading
from services.gateway.meetings.types import ActionItem, OperationsMeeting
from services.gateway.people import loading
from services.gateway.people.data_exports import DataExport
from services.gateway.people.parties import Agent, Contact, Organisation, Queue
from services.gateway.selection import Selection
from services.gateway.shapes import Node
from services.gateway.status.components import ServiceComponent
from services.gateway.status.notices import Maintenance, StatusIncident, StatusUpdate
from services.gateway.subscriptions.types import StatusSubscription
from services.gateway.tickets.entries import shown
from services.gateway.tickets.promises import SlaTarget
from services.gateway.tickets.wants import ticket_want

MOST = 100
Found = dict[UUID, Node]


async def found_nodes(info: Info, wanted: Sequence[str]) -> list[Node | None]:
    """In the order asked."""
    if len(wanted) > MOST:
        raise RequestFailed(Code.BAD_INPUT, f"Ask for at most {MOST} objects at once.")
    if any(len(each) > 64 for each in wanted):
        raise RequestFailed(Code.BAD_INPUT, "An id has at most 64 characters.")
    known = [ids.read(each) for each in wanted]
    if info.context.identity is None:
        known = [each if each is not None and each[0] in _PUBLIC else None for each in known]
    by_kind: dict[str, list[UUID]] = {}
    for each in known:
        if each is not None:
            by_kind.setdefault(each[0], []).append(each[1])
    found: dict[tuple[str, UUID], Node] = {}
    for kind, these in by_kind.items():
        if kind in _READ:
            found.update({(kind, id): node for id, node in (await _READ[kind](info, these)).items()})
    return [found.get(each) if each else None for each in known]


async def _tickets(info: Info, wanted: list[UUID]) -> Found:
    from services.gateway.tickets.reading import ticket_rows
    from services.gateway.tickets.ticket import Ticket

    rows = await ticket_rows(info.context, wanted, Selection(info._raw_info))
    return {id: Ticket.of(row) for id, row in rows.items()}


async def _entries(info: Info, wanted: list[UUID]) -> Found:
    other = Selection(info._raw_info).below("RelationEntry", "other")
    want = TimelineWant(other=ticket_want(other) if other else None)
    return {row.id: shown(row) for row in await entries(info.context.database, info.context.viewer, wanted, want)}


async def _contacts(info: Info, wanted: list[UUID]) -> Found:
    rows = await loading.contacts(info.context).load_many(wanted)
    return {row.id: Contact.of(row) for row in rows if row is not None}


async def _organisations(info: Info, wanted: list[UUID]) -> Found:
    rows = await loading.organisations(info.context).load_many(wanted)
    return {row.id: Organisation.of(row) for row in rows if row is not None}


async def _agents(info: Info, wanted: list[UUID]) -> Found:
    rows = await loading.agents(info.context).load_many(wanted)
    return {row.id: Agent.of(row) for row in rows if row is not None}


async def _queues(info: Info, wanted: list[UUID]) -> Found:
    return {row.id: Queue.of(row) for row in await all_queues(info.context.database, info.context.viewer, wanted)}


async def _contracts(info: Info, wanted: list[UUID]) -> Found:
    rows = await contract_loading.contracts(info.context).load_many(wanted)
    return {row.id: Contract.of(row) for row in rows if row is not None}


async def _targets(info: Info, wanted: list[UUID]) -> Found:
    rows = await sla_targets(info.context.database, info.context.viewer, wanted)
    return {row.id: SlaTarget.of(row) for row in rows}


async def _components(info: Info, wanted: list[UUID]) -> Found:
    return {row.id: ServiceComponent.of(row) for row in await components_by_id(info.context.public, wanted)}


async def _incidents(info: Info, wanted: list[UUID]) -> Found:
    rows = await incidents_by_id(info.context.public, info.context.anybody, wanted)
    return {row.id: StatusIncident.of(row) for row in rows}


async def _maintenance(info: Info, wanted: list[UUID]) -> Found:
    rows = await maintenance_by_id(info.context.public, info.context.anybody, wanted)
    return {row.id: Maintenance.of(row) for row in rows}


async def _rooms(info: Info, wanted: list[UUID]) -> Found:
    return {**await rooms_by_id(info.context, wanted)}


async def _accesses(info: Info, wanted: list[UUID]) -> Found:
    rows = await chat_loading.accesses(info.context).load_many(wanted)
    return {row.id: ChatRoomAccess.of(row) for row in rows if row is not None}


async def _engagements(info: Info, wanted: list[UUID]) -> Found:
    rows = await engagement_loading.engagements(info.context).load_many(wanted)
    return {row.id: Engagement.of(row) for row in rows if row is not None}


async def _meetings(info: Info, wanted: list[UUID]) -> Found:
    rows = await meeting_loading.meetings(info.context).load_many(wanted)
    return {row.id: OperationsMeeting.of(row) for row in rows if row is not None}


async def _action_items(info: Info, wanted: list[UUID]) -> Found:
    rows = await meeting_loading.actions(info.context).load_many(wanted)
    return {row.id: ActionItem.of(row) for row in rows if row is not None}


async def _updates(info: Info, wanted: list[UUID]) -> Found:
    return {row.id: StatusUpdate.of(row) for row in await updates_by_id(info.context.public, wanted)}


async def _knowledge(info: Info, wanted: list[UUID]) -> Found:
    rows = await knowledge_loading.resources(info.context).load_many(wanted)
    return {row.id: KnowledgeResource.of(row) for row in rows if row is not None}


async def _topics(info: Info, wanted: list[UUID]) -> Found:
    rows = await knowledge_loading.topics(info.context).load_many(wanted)
    return {row.id: TopicRequest.of(row) for row in rows if row is not None}


async def _subscriptions(info: Info, wanted: list[UUID]) -> Found:
    rows = await subscriptions_by_id(info.context.database, info.context.viewer, wanted, info.context.now)
    return {row.id: StatusSubscription.of(row) for row in rows}


async def _exports(info: Info, wanted: list[UUID]) -> Found:
    rows = await exports_by_id(info.context.database, info.context.viewer, wanted)
    return {row.id: DataExport.of(row, info.context) for row in rows}


_PUBLIC = frozenset({"component", "incident", "maintenance", "knowledge", "update"})
"""What anybody reads, signed in or not."""
_READ: dict[str, Callable[[Info, list[UUID]], Awaitable[Found]]] = {
    "ticket": _tickets,
    "entry": _entries,
    "contact": _contacts,
    "organisation": _organisations,
    "agent": _agents,
    "queue": _queues,
    "sla_target": _targets,
    "component": _components,
    "incident": _incidents,
    "maintenance": _maintenance,
    "update": _updates,
    "contract": _contracts,
    "subscription": _subscriptions,
    "engagement": _engagements,
    "meeting": _meetings,
    "action_item": _action_items,
    "chat_room": _rooms,
    "chat_access": _accesses,
    "knowledge": _knowledge,
    "topic": _topics,
    "data_export": _exports,
}
