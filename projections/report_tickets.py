"""What a ticket's events are to reports: what it is counted under, its moves, when it was open, how its resolutions were rated.

A ticket is counted under what it is as of the position: its team, priority and organisation now. While it is spam or merged into
another it is counted nowhere; unmerged, it was there all along.
"""

from __future__ import annotations

from domain.event import DomainEvent
from domain.tickets.events import (
    TicketAssigned,
    TicketClosed,
    TicketHistoryImported,
    TicketMarkedAsSpam,
    TicketMerged,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketResolved,
    TicketSatisfactionRated,
    TicketSeverityChanged,
    TicketTransferredToOrganisation,
    TicketTransferredToQueue,
    TicketUnassigned,
    TicketUnmarkedAsSpam,
    TicketUnmerged,
)
from projections.database import Statement
from projections.projection import Envelope
from projections.report_tables import report_facts

OPEN = """INSERT INTO report_tickets
  (ticket, audience, organisation, queue, kind, priority, severity, channel, services, opened_at, counted, imported)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, false)"""
MOVE = "INSERT INTO report_moves(ticket, version, at, what) VALUES ($1, $2, $3, $4)"
BEGIN = """INSERT INTO report_open(ticket, version, from_at) SELECT $1::uuid, $2::int, $3::timestamptz
  WHERE NOT EXISTS (SELECT FROM report_open WHERE ticket = $1 AND to_at IS NULL)"""
END = "UPDATE report_open SET to_at = greatest(from_at, $2) WHERE ticket = $1 AND to_at IS NULL"
QUEUE = "UPDATE report_tickets SET queue = $2 WHERE ticket = $1"
HOME = "UPDATE report_tickets SET organisation = $2, audience = $2 WHERE ticket = $1"
PRIORITY = "UPDATE report_tickets SET priority = $2 WHERE ticket = $1"
SEVERITY = "UPDATE report_tickets SET severity = $2 WHERE ticket = $1"
AGENT = "UPDATE report_tickets SET agent = $2 WHERE ticket = $1"
COUNTED = "UPDATE report_tickets SET counted = $2 WHERE ticket = $1"
IMPORTED = "UPDATE report_tickets SET imported = true WHERE ticket = $1"
RESOLVE = """INSERT INTO report_resolutions(ticket, episode, at) VALUES ($1, $2, $3)
  ON CONFLICT (ticket, episode) DO UPDATE SET at = excluded.at"""
RATE = "UPDATE report_resolutions SET score = $3 WHERE ticket = $1 AND episode = $2"


@report_facts.on(TicketOpened)
def opened(event: TicketOpened, envelope: Envelope) -> list[Statement]:
    ticket, home = envelope.stream, event.organisation
    sorted_as = (event.queue, event.kind, event.priority, event.severity, event.channel, list(event.services))
    return [
        (OPEN, (ticket, home or event.requester, home, *sorted_as, event.timestamp)),
        (MOVE, (ticket, envelope.version, event.timestamp, "OPENED")),
        (BEGIN, (ticket, envelope.version, event.timestamp)),
    ]


@report_facts.on(TicketResolved)
def resolved(event: TicketResolved, envelope: Envelope) -> list[Statement]:
    return [
        (MOVE, (envelope.stream, envelope.version, event.timestamp, "RESOLVED")),
        (END, (envelope.stream, event.timestamp)),
        (RESOLVE, (envelope.stream, event.episode, event.timestamp)),
    ]


@report_facts.on(TicketClosed)
def closed(event: TicketClosed, envelope: Envelope) -> list[Statement]:
    return [
        (MOVE, (envelope.stream, envelope.version, event.timestamp, "CLOSED")),
        (END, (envelope.stream, event.timestamp)),
    ]


@report_facts.on(TicketReopened)
def reopened(event: TicketReopened, envelope: Envelope) -> list[Statement]:
    return [
        (MOVE, (envelope.stream, envelope.version, event.timestamp, "REOPENED")),
        (BEGIN, (envelope.stream, envelope.version, event.timestamp)),
    ]


@report_facts.on(TicketMarkedAsSpam)
def marked_as_spam(event: TicketMarkedAsSpam, envelope: Envelope) -> list[Statement]:
    return [(COUNTED, (envelope.stream, False)), (END, (envelope.stream, event.timestamp))]


@report_facts.on(TicketUnmarkedAsSpam)
def unmarked_as_spam(event: TicketUnmarkedAsSpam, envelope: Envelope) -> list[Statement]:
    return [(COUNTED, (envelope.stream, True)), (BEGIN, (envelope.stream, envelope.version, event.timestamp))]


@report_facts.on(TicketMerged)
def merged(_: TicketMerged, envelope: Envelope) -> Statement:
    return COUNTED, (envelope.stream, False)


@report_facts.on(TicketUnmerged)
def unmerged(_: TicketUnmerged, envelope: Envelope) -> Statement:
    return COUNTED, (envelope.stream, True)


@report_facts.on(TicketTransferredToQueue)
def transferred(event: TicketTransferredToQueue, envelope: Envelope) -> Statement:
    return QUEUE, (envelope.stream, event.queue)


@report_facts.on(TicketTransferredToOrganisation)
def moved(event: TicketTransferredToOrganisation, envelope: Envelope) -> Statement:
    return HOME, (envelope.stream, event.organisation)


@report_facts.on(TicketPriorityChanged)
def priority_changed(event: TicketPriorityChanged, envelope: Envelope) -> Statement:
    return PRIORITY, (envelope.stream, event.priority)


@report_facts.on(TicketSeverityChanged)
def severity_changed(event: TicketSeverityChanged, envelope: Envelope) -> Statement:
    return SEVERITY, (envelope.stream, event.severity)


@report_facts.on(TicketAssigned)
def assigned(event: TicketAssigned, envelope: Envelope) -> Statement:
    return AGENT, (envelope.stream, event.agent)


@report_facts.on(TicketUnassigned)
def unassigned(_: DomainEvent, envelope: Envelope) -> Statement:
    return AGENT, (envelope.stream, None)


@report_facts.on(TicketHistoryImported)
def imported(_: TicketHistoryImported, envelope: Envelope) -> Statement:
    return IMPORTED, (envelope.stream,)


@report_facts.on(TicketSatisfactionRated)
def rated(event: TicketSatisfactionRated, envelope: Envelope) -> Statement:
    return RATE, (envelope.stream, event.episode, event.score)
