"""What is read otherwise than by a GraphQL query: live feeds, rules of the notifier, copies of personal data; and what the demo lacks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.status.vocabulary import StatusSeverity
from projections import (
    agents,
    changes,
    chat_accesses,
    contacts,
    data_exports,
    deliveries,
    meeting_packs,
    meetings_unplanned,
    personal_data,
    service_managers,
    status_changes,
    subscription_targets,
)
from projections.ticket_filter import TicketFilter
from projections.ticket_rows import TicketWant
from projections.viewer import Role, Viewer
from tests.load.watching import Watched
from tests.services.demo.telling import UNTIL

FAR = 10**12
SAMPLE = """SELECT t.id AS ticket, t.organisation, t.requester, (SELECT max(position) FROM store.tail) AS head,
    ARRAY(SELECT id FROM meetings LIMIT 2) AS meetings, ARRAY(SELECT id FROM components LIMIT 2) AS components
  FROM tickets t WHERE t.organisation IS NOT NULL LIMIT 1"""


async def besides(read: Watched, customer: Watched) -> None:
    """As an agent and the notifier on `read`, as a customer on `customer`."""
    some = await read._inner.fetchrow(SAMPLE)
    agent = Viewer(Role.AGENT, uuid4())
    theirs = Viewer(Role.CUSTOMER, some["requester"], some["organisation"])
    for db, viewer in ((read, agent), (customer, theirs)):
        await _live(db, viewer, some["ticket"], some["head"])
        await meeting_packs.packs_of(db, viewer, some["meetings"])
        await data_exports.exports_by_id(db, viewer, [uuid4()])
    await subscription_targets.targets(read, StatusSeverity.MINOR, some["components"], FAR, limit=1000)
    await contacts.administrators_of(read, some["organisation"])
    for every in (True, False):
        await deliveries.of_subject(read, some["ticket"], FAR, after=0, limit=100, all=every)
    await deliveries.of_recipient(read, some["requester"], FAR, after=0, limit=100)
    await meetings_unplanned.unplanned(read, UNTIL, UNTIL + timedelta(days=30), 2026, 3, 25)
    await data_exports.pending(customer, 10)
    await agents.name_of_staff(read, uuid4())
    await service_managers.served_by(read, uuid4(), UNTIL)
    async with customer._inner.transaction():
        await _copy(customer, theirs)


async def _live(db: Watched, viewer: Viewer, ticket: UUID, head: int) -> None:
    since = max(head - 1000, 0)
    await changes.changes(db, viewer, since, head, limit=100)
    await changes.changes(db, viewer, 0, head, ticket=ticket, want=TicketWant(sla=True), limit=100)
    await changes.changes(
        db, viewer, since, head, filter=TicketFilter(sla_state=["BREACHED"]), topics=["ticket.sla_breached.v1"]
    )
    await changes.was_theirs(db, viewer, ticket, 0)
    await status_changes.status_changes(db, viewer, since, head, limit=100)
    await chat_accesses.access_changes(db, viewer, since, head, limit=100)


async def _copy(db: Any, viewer: Viewer) -> None:
    async for each in personal_data.tickets(db, viewer):
        async for _ in personal_data.timeline(db, viewer, each):
            pass
        break
    for _, form, sql in personal_data.SECTIONS:
        async for _ in personal_data.section(db, viewer, form, sql):
            pass
