"""Which services is a ticket about, and which incidents is it hit by?

On the ticket's own streams, whose events are its organisation's; that an incident has any tickets is nowhere among what is public.
"""

from __future__ import annotations

from domain.tickets.events import TicketIncidentLinked, TicketOpened
from projections.database import Statement
from projections.projection import Envelope, Projection
from projections.status_components import component
from projections.status_incidents import incident
from projections.viewer import Viewer

ticket_services = Projection(
    "ticket_services",
    version=1,
    tables="""
    CREATE TABLE ticket_services(ticket uuid NOT NULL, service uuid NOT NULL, place int NOT NULL, PRIMARY KEY (ticket, service));
    CREATE INDEX ticket_services_by_service ON ticket_services(service, ticket);
    CREATE TABLE ticket_incidents(ticket uuid NOT NULL, incident uuid NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (ticket, incident));
    CREATE INDEX ticket_incidents_by_incident ON ticket_incidents(incident, ticket);
    """,
)

ABOUT = "INSERT INTO ticket_services(ticket, service, place) VALUES ($1, $2, $3)"
HIT = "INSERT INTO ticket_incidents(ticket, incident, at) VALUES ($1, $2, $3)"


@ticket_services.on(TicketOpened)
def opened(event: TicketOpened, envelope: Envelope) -> list[Statement]:
    return [(ABOUT, (envelope.stream, service, place)) for place, service in enumerate(event.services)]


@ticket_services.on(TicketIncidentLinked)
def incident_linked(event: TicketIncidentLinked, envelope: Envelope) -> Statement:
    return HIT, (envelope.stream, event.incident, envelope.occurred_at)


def services_of(ticket: str) -> str:
    """The services of the ticket in this SQL expression, as JSON."""
    joined = "ticket_services k JOIN components c ON c.id = k.service"
    return f"(SELECT coalesce(json_agg({component('c')} ORDER BY k.place), '[]') FROM {joined} WHERE k.ticket = {ticket})"


def incidents_of(viewer: Viewer, ticket: str) -> str:
    """The incidents of the ticket in this SQL expression, newest first, as JSON."""
    joined = "ticket_incidents k JOIN incidents n ON n.id = k.incident"
    listed = f"json_agg({incident(viewer, 'n')} ORDER BY n.started_at DESC, n.id DESC)"
    return f"(SELECT coalesce({listed}, '[]') FROM {joined} WHERE k.ticket = {ticket})"
