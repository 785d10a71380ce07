"""The read models that the gateway shows, and their order on a connection's search path."""

from __future__ import annotations

from projections.chat_accesses import chat_accesses
from projections.chat_rooms import chat_rooms
from projections.contacts import contacts
from projections.contracts import contracts
from projections.data_exports import data_exports
from projections.deliveries import deliveries
from projections.engagements import engagements
from projections.entitlements import entitlements
from projections.knowledge_resources import knowledge
from projections.knowledge_topics import topics
from projections.meetings import meetings
from projections.organisations import organisations
from projections.projection import Projection
from projections.queues import queues
from projections.report_facts import report_facts
from projections.service_managers import service_managers
from projections.status_components import components
from projections.status_incidents import incidents
from projections.status_maintenance import maintenance
from projections.status_tickets import ticket_services
from projections.subscriptions import subscriptions
from projections.ticket_sla import ticket_sla
from projections.ticket_timeline import ticket_timeline
from projections.tickets import tickets

PEOPLE: tuple[Projection, ...] = (organisations, contacts)
EXPORTS: tuple[Projection, ...] = (data_exports, *PEOPLE)
QUEUES: tuple[Projection, ...] = (queues,)
TICKETS: tuple[Projection, ...] = (tickets, ticket_timeline, ticket_sla, ticket_services, *PEOPLE, *QUEUES)
"""A ticket is shown with its people, team, promises and timeline, so a read of tickets waits for all of them."""
STATUS: tuple[Projection, ...] = (components, incidents, maintenance)
CONTRACTS: tuple[Projection, ...] = (contracts, entitlements, service_managers, components, *PEOPLE)
CHAT: tuple[Projection, ...] = (chat_rooms, chat_accesses, *PEOPLE)
ENGAGEMENTS: tuple[Projection, ...] = (engagements, *PEOPLE)
MEETINGS: tuple[Projection, ...] = (meetings, contracts, service_managers, components, *PEOPLE)
REPORTS: tuple[Projection, ...] = (report_facts,)
"""All figures are counted from it; names beside them are read as they are."""
KNOWLEDGE: tuple[Projection, ...] = (knowledge, topics, components)
SUBSCRIPTIONS: tuple[Projection, ...] = (subscriptions, deliveries, components, *PEOPLE)
READ_MODELS: tuple[Projection, ...] = (
    *TICKETS,
    contracts,
    entitlements,
    service_managers,
    *STATUS,
    subscriptions,
    deliveries,
    engagements,
    data_exports,
    chat_rooms,
    chat_accesses,
    knowledge,
    topics,
    meetings,
    report_facts,
)


def search_path() -> str:
    """For `search_path`: tables stand unqualified in queries, each projection and version in a schema of its own."""
    return ", ".join(projection.schema for projection in READ_MODELS)
