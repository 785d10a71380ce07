"""Every projection there is, in the order in which they are made and listed. Importing this registers all handlers."""

from __future__ import annotations

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

ALL: tuple[Projection, ...] = (
    organisations,
    contacts,
    data_exports,
    queues,
    tickets,
    ticket_timeline,
    ticket_sla,
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
