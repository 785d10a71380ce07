"""Which look-ups the events of this domain imply, so that `support verify` can hold the table against the log.

An address leads to its contact, a number to its ticket, a short name to its organisation and this to its people: one each, made with
the event that makes them, and gone with the person. Message-IDs are in no event; of those only is checked that they lead to somebody
who is not erased.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.event import DomainEvent
from domain.organisations.events import ContactLinked, ContactRegistered, ContactUnlinked, OrganisationRegistered
from domain.status.events import ComponentRegistered
from domain.tickets.events import TicketOpened
from services.projector.lookups import LookupFact


class DomainLookups:
    """See the module. Fulfils `services.projector.lookups.Expectation`."""

    kinds = frozenset({"email", "organisation_ref", "member", "ticket_ref", "component_ref"})
    events: frozenset[type[DomainEvent]] = frozenset(
        {ContactRegistered, ContactLinked, ContactUnlinked, OrganisationRegistered, TicketOpened, ComponentRegistered}
    )

    def facts(self, event: DomainEvent) -> Iterable[LookupFact]:
        """What was reserved with this event."""
        match event:
            case ContactRegistered():
                yield LookupFact("email", event.originator_id, event.originator_id)
            case OrganisationRegistered():
                yield LookupFact("organisation_ref", event.originator_id, event.originator_id)
            case ContactLinked():
                yield LookupFact("member", event.organisation, event.originator_id)
            case ContactUnlinked():
                yield LookupFact("member", event.organisation, event.originator_id, held=False)
            case TicketOpened():
                yield LookupFact("ticket_ref", event.originator_id, None)
            case ComponentRegistered():
                yield LookupFact("component_ref", event.originator_id, None)
