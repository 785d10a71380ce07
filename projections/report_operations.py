"""What is to reports beside tickets: services and what held them, incidents and planned work, engagements, knowledge, action items."""

from __future__ import annotations

from domain.contracts.events import ContractServiceCovered
from domain.engagements.events import (
    EngagementCancelled,
    EngagementCompleted,
    EngagementDeclined,
    EngagementRequested,
)
from domain.event import DomainEvent
from domain.knowledge.events import KnowledgePublished
from domain.meetings.events import MeetingActionItemCompleted, MeetingActionItemRaised
from domain.status.events import (
    ComponentImpaired,
    ComponentRegistered,
    ComponentRelieved,
    ComponentRetired,
    IncidentDeclared,
    IncidentResolved,
    IncidentUpdatePosted,
    MaintenanceCancelled,
    MaintenanceCompleted,
    MaintenanceScheduled,
)
from projections.database import Statement
from projections.projection import Envelope
from projections.report_tables import report_facts

REGISTER = "INSERT INTO report_services(id, ref, name, registered_at) VALUES ($1, $2, $3, $4)"
RETIRE = "UPDATE report_services SET retired_at = $2 WHERE id = $1"
RELIEVE = "UPDATE report_impacts SET until = $3 WHERE service = $1 AND notice = $2 AND until IS NULL"
IMPAIR = "INSERT INTO report_impacts(service, version, notice, kind, state, since) VALUES ($1, $2, $3, $4, $5, $6)"
NOTICE = "INSERT INTO report_notices(id, kind, ref, title, severity, from_at, to_at, services) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
AFFECT = """UPDATE report_notices
  SET services = services || ARRAY(SELECT s FROM unnest($2::uuid[]) AS s WHERE s <> ALL(services)) WHERE id = $1"""
OVER = "UPDATE report_notices SET to_at = $2 WHERE id = $1"
NEVER = "DELETE FROM report_notices WHERE id = $1 AND from_at >= $2"
COVER = "INSERT INTO report_covered(contract, service) VALUES ($1, $2) ON CONFLICT DO NOTHING"
ASK = "INSERT INTO report_engagements(id, audience, kind, requested_at, completed) VALUES ($1, $2, $3, $4, false)"
ENDED = "UPDATE report_engagements SET ended_at = $2, completed = $3 WHERE id = $1"
PUBLISH = "INSERT INTO report_knowledge(id, kind, published_at) VALUES ($1, $2, $3)"
RAISE = "INSERT INTO report_actions(id, meeting, audience, raised_at, due_on) VALUES ($1, $2, $3, $4, $5)"
DONE = "UPDATE report_actions SET done_at = $2 WHERE id = $1"


@report_facts.on(ComponentRegistered)
def registered(event: ComponentRegistered, envelope: Envelope) -> Statement:
    return REGISTER, (envelope.stream, event.ref, event.name, event.timestamp)


@report_facts.on(ComponentRetired)
def retired(event: ComponentRetired, envelope: Envelope) -> Statement:
    return RETIRE, (envelope.stream, event.timestamp)


@report_facts.on(ComponentImpaired)
def impaired(event: ComponentImpaired, envelope: Envelope) -> list[Statement]:
    held = (event.notice, event.kind, event.state, event.since)
    return [
        (RELIEVE, (envelope.stream, event.notice, event.since)),
        (IMPAIR, (envelope.stream, envelope.version, *held)),
    ]


@report_facts.on(ComponentRelieved)
def relieved(event: ComponentRelieved, envelope: Envelope) -> Statement:
    return RELIEVE, (envelope.stream, event.notice, event.timestamp)


@report_facts.on(IncidentDeclared)
def declared(event: IncidentDeclared, envelope: Envelope) -> Statement:
    said = (event.ref, event.title, event.severity, event.started_at, None)
    return NOTICE, (envelope.stream, "INCIDENT", *said, [each.component for each in event.impacts])


@report_facts.on(IncidentUpdatePosted)
def update_posted(event: IncidentUpdatePosted, envelope: Envelope) -> Statement | None:
    if not event.impacts:
        return None
    return AFFECT, (envelope.stream, [each.component for each in event.impacts])


@report_facts.on(IncidentResolved)
def resolved(event: IncidentResolved, envelope: Envelope) -> Statement:
    return OVER, (envelope.stream, event.resolved_at)


@report_facts.on(MaintenanceScheduled)
def planned(event: MaintenanceScheduled, envelope: Envelope) -> Statement:
    said = (event.ref, event.title, event.severity, event.from_, event.to)
    return NOTICE, (envelope.stream, "MAINTENANCE", *said, [each.component for each in event.impacts])


@report_facts.on(MaintenanceCompleted)
def completed(event: MaintenanceCompleted, envelope: Envelope) -> Statement:
    return OVER, (envelope.stream, event.timestamp)


@report_facts.on(MaintenanceCancelled)
def called_off(event: MaintenanceCancelled, envelope: Envelope) -> list[Statement]:
    return [(NEVER, (envelope.stream, event.timestamp)), (OVER, (envelope.stream, event.timestamp))]


@report_facts.on(ContractServiceCovered)
def covered(event: ContractServiceCovered, envelope: Envelope) -> Statement:
    return COVER, (envelope.stream, event.component)


@report_facts.on(EngagementRequested)
def requested(event: EngagementRequested, envelope: Envelope) -> Statement:
    return ASK, (envelope.stream, event.organisation, event.kind, event.timestamp)


@report_facts.on(EngagementCompleted, EngagementDeclined, EngagementCancelled)
def ended(event: DomainEvent, envelope: Envelope) -> Statement:
    return ENDED, (envelope.stream, event.timestamp, isinstance(event, EngagementCompleted))


@report_facts.on(KnowledgePublished)
def published(event: KnowledgePublished, envelope: Envelope) -> Statement:
    return PUBLISH, (envelope.stream, event.kind, event.timestamp)


@report_facts.on(MeetingActionItemRaised)
def raised(event: MeetingActionItemRaised, envelope: Envelope) -> Statement:
    return RAISE, (event.item, envelope.stream, envelope.organisation, event.timestamp, event.due_on)


@report_facts.on(MeetingActionItemCompleted)
def done(event: MeetingActionItemCompleted, _: Envelope) -> Statement:
    return DONE, (event.item, event.timestamp)
