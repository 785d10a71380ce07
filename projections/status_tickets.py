"""Which services is a ticket about, which incidents is it hit by, and which planned work concerns it?

On the ticket's own streams, whose events are its organisation's; that a notice has any tickets is nowhere among what is public.
"""

from __future__ import annotations

from domain.tickets.events import TicketIncidentLinked, TicketMaintenanceLinked, TicketOpened
from projections.database import Statement
from projections.projection import Envelope, Projection
from projections.status_components import component
from projections.status_incidents import incident
from projections.status_maintenance import work
from projections.viewer import Viewer

ticket_services = Projection(
    "ticket_services",
    version=2,
    tables="""
    CREATE TABLE ticket_services(ticket uuid NOT NULL, service uuid NOT NULL, place int NOT NULL, PRIMARY KEY (ticket, service));
    CREATE INDEX ticket_services_by_service ON ticket_services(service, ticket);
    CREATE TABLE ticket_notices(ticket uuid NOT NULL, notice uuid NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (ticket, notice));
    CREATE INDEX ticket_notices_by_notice ON ticket_notices(notice, ticket);
    """,
)

ABOUT = "INSERT INTO ticket_services(ticket, service, place) VALUES ($1, $2, $3)"
HIT = "INSERT INTO ticket_notices(ticket, notice, at) VALUES ($1, $2, $3)"


@ticket_services.on(TicketOpened)
def opened(event: TicketOpened, envelope: Envelope) -> list[Statement]:
    return [(ABOUT, (envelope.stream, service, place)) for place, service in enumerate(event.services)]


@ticket_services.on(TicketIncidentLinked)
def incident_linked(event: TicketIncidentLinked, envelope: Envelope) -> Statement:
    return HIT, (envelope.stream, event.incident, envelope.occurred_at)


@ticket_services.on(TicketMaintenanceLinked)
def maintenance_linked(event: TicketMaintenanceLinked, envelope: Envelope) -> Statement:
    return HIT, (envelope.stream, event.maintenance, envelope.occurred_at)


def services_of(ticket: str) -> str:
    """The services of the ticket in this SQL expression, as JSON."""
    joined = "ticket_services k JOIN components c ON c.id = k.service"
    return f"(SELECT coalesce(json_agg({component('c')} ORDER BY k.place), '[]') FROM {joined} WHERE k.ticket = {ticket})"


def incidents_of(viewer: Viewer, ticket: str) -> str:
    """The incidents of the ticket in this SQL expression, newest first, as JSON."""
    joined = "ticket_notices k JOIN incidents n ON n.id = k.notice"
    listed = f"json_agg({incident(viewer, 'n')} ORDER BY n.started_at DESC, n.id DESC)"
    return f"(SELECT coalesce({listed}, '[]') FROM {joined} WHERE k.ticket = {ticket})"


def maintenance_of(viewer: Viewer, ticket: str) -> str:
    """The planned work that concerns the ticket in this SQL expression, the latest first, as JSON."""
    joined = "ticket_notices k JOIN maintenances n ON n.id = k.notice"
    listed = f"json_agg({work(viewer, 'n')} ORDER BY n.begins_at DESC, n.id DESC)"
    return f"(SELECT coalesce({listed}, '[]') FROM {joined} WHERE k.ticket = {ticket})"
