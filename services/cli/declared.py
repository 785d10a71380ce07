"""The read models of this release. Importing them, and the aggregates, also makes every event's topic known to the codec."""

from __future__ import annotations

import domain.chat.access
import domain.contracts.contract
import domain.contracts.ledgers
import domain.deliveries.delivery
import domain.engagements.engagement
import domain.knowledge.resource
import domain.knowledge.topic
import domain.log.events
import domain.meetings.meeting
import domain.organisations.contact
import domain.organisations.organisation
import domain.policy.policy
import domain.status.component
import domain.status.incident
import domain.status.maintenance
import domain.subscriptions.digest
import domain.subscriptions.subscription
import domain.tickets.ticket  # noqa: F401 - for their topics
from projections.chat_accesses import chat_accesses
from projections.chat_rooms import chat_rooms
from projections.chat_timers import chat_timers
from projections.contacts import contacts
from projections.contract_timers import contract_timers
from projections.contracts import contracts
from projections.data_exports import data_exports
from projections.deliveries import deliveries
from projections.digest_timers import digest_timers
from projections.engagement_timers import engagement_timers
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
from projections.subscription_targets import subscription_targets
from projections.subscription_timers import subscription_timers
from projections.subscriptions import subscriptions
from projections.ticket_sla import ticket_sla
from projections.ticket_timeline import ticket_timeline
from projections.tickets import tickets
from projections.timers import timers

PROJECTIONS: tuple[Projection, ...] = (
    tickets,
    ticket_timeline,
    ticket_sla,
    organisations,
    contacts,
    data_exports,
    queues,
    timers,
    contracts,
    entitlements,
    service_managers,
    contract_timers,
    ticket_services,
    components,
    incidents,
    maintenance,
    chat_rooms,
    chat_accesses,
    chat_timers,
    subscriptions,
    subscription_timers,
    subscription_targets,
    deliveries,
    digest_timers,
    knowledge,
    topics,
    engagements,
    engagement_timers,
    meetings,
    report_facts,
)
"""In the order of the search path."""


def projection_named(name: str) -> Projection:
    """The read model of that name. KeyError when there is none."""
    return {each.name: each for each in PROJECTIONS}[name]
