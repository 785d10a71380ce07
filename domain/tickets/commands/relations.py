"""What happens between tickets. A tie is an event on both, so each of these commands records on two tickets or on none.

Whoever calls them loads both and appends both in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.errors import ValidationFailed
from domain.tickets.events import (
    TicketAbsorbed,
    TicketIncidentLinked,
    TicketLinked,
    TicketMaintenanceLinked,
    TicketMerged,
    TicketReleased,
    TicketSplit,
    TicketUnlinked,
    TicketUnmerged,
)
from domain.tickets.refusals import (
    EntryNotFound,
    MergeAcrossOrganisations,
    MergeWouldGoInCircles,
    TicketIsNotMerged,
    TicketIsSpam,
    TiedAcrossOrganisations,
)
from domain.tickets.state import EntryKind, TicketState
from domain.tickets.status import Status
from domain.tickets.vocabulary import LinkKind

SEEN_FROM_THE_OTHER = {
    LinkKind.RELATED: LinkKind.RELATED,
    LinkKind.BLOCKS: LinkKind.BLOCKED_BY,
    LinkKind.BLOCKED_BY: LinkKind.BLOCKS,
    LinkKind.DUPLICATES: LinkKind.DUPLICATES,
}
"""The links people make; follow-ups and splits are tied by the service alone."""
MOST_LINKS = 100


class Relations(TicketState):
    def merge(self, into: TicketState, *, at: datetime) -> None:
        """Let it live on in another ticket of the same organisation. While nobody knows whose they are: of the same requester."""
        self._must_allow(Status.MERGED)
        if into.id == self.id or into.id in self.absorbed or into.merged_into in {self.id, *self.absorbed}:
            raise MergeWouldGoInCircles
        into._must_take_something()
        if into.status is Status.SPAM:
            raise TicketIsSpam(into.status)
        if not self.belongs_with(into):
            raise MergeAcrossOrganisations
        self.trigger_event(TicketMerged, timestamp=at, into=into.id)
        into.trigger_event(TicketAbsorbed, timestamp=at, ticket=self.id)

    def unmerge(self, from_: TicketState, *, at: datetime) -> None:
        """Take it out again; it stands as it stood before. `from_` is the ticket named by `merged_into`."""
        if self.status is not Status.MERGED or self.merged_into != from_.id:
            raise TicketIsNotMerged(self.status)
        self.trigger_event(TicketUnmerged, timestamp=at, from_=from_.id)
        from_.trigger_event(TicketReleased, timestamp=at, ticket=self.id)

    def split(self, into: TicketState, entries: Sequence[UUID], *, at: datetime) -> None:
        """Let entries go to a ticket that was just opened with `Origin(SPLIT_FROM, …)`. Notes stay: the event is not staff's alone."""
        self._must_take_something()
        path = ("input", "entryIds")
        if not entries:
            raise ValidationFailed("Name at least one entry to take out.", problem="REQUIRED", path=path)
        for index, entry in enumerate(entries):
            kind = self.entries.get(entry)
            if kind is None:
                raise EntryNotFound(*path, str(index))
            if kind is EntryKind.NOTE:
                raise ValidationFailed(
                    "An internal note stays where it was written.", problem="NOT_ALLOWED", path=(*path, str(index))
                )
            if entry in self.moved:
                raise ValidationFailed("This entry was taken out before.", problem="NOT_ALLOWED", path=(*path, str(index)))
        if not self.belongs_with(into):
            raise TiedAcrossOrganisations
        self.trigger_event(TicketSplit, timestamp=at, into=into.id, entries=tuple(dict.fromkeys(entries)))

    def follow_up(self, by: TicketState, *, at: datetime) -> None:
        """A late reply opened another ticket with `Origin(FOLLOW_UP_OF, …)`; say so here too."""
        self._must_take_something()
        if not self.belongs_with(by):
            raise TiedAcrossOrganisations
        if (by.id, LinkKind.RELATED) not in self.links:
            self.trigger_event(TicketLinked, timestamp=at, other=by.id, kind=LinkKind.RELATED)

    def link(self, other: TicketState, kind: LinkKind, *, at: datetime) -> None:
        """Tie it to another ticket of the same organisation; `kind` is read from this one. A tie there is records nothing."""
        mirrored = _mirrored(kind)
        self._must_take_something()
        other._must_take_something()
        if other.id == self.id:
            raise ValidationFailed("A ticket is not linked to itself.", problem="NOT_ALLOWED", path=("input", "otherTicketId"))
        if not self.belongs_with(other):
            raise TiedAcrossOrganisations
        for one, another, seen in ((self, other, kind), (other, self, mirrored)):
            if len(one.links) >= MOST_LINKS and (another.id, seen) not in one.links:
                raise ValidationFailed(
                    f"A ticket has at most {MOST_LINKS} links.",
                    problem="OUT_OF_RANGE",
                    path=("input", "otherTicketId"),
                    limit=str(MOST_LINKS),
                )
        for one, another, seen in ((self, other, kind), (other, self, mirrored)):
            if (another.id, seen) not in one.links:
                one.trigger_event(TicketLinked, timestamp=at, other=another.id, kind=seen)

    def unlink(self, other: TicketState, kind: LinkKind, *, at: datetime) -> None:
        """Untie them. No tie records nothing."""
        mirrored = _mirrored(kind)
        self._must_take_something()
        for one, another, seen in ((self, other, kind), (other, self, mirrored)):
            if (another.id, seen) in one.links:
                one.trigger_event(TicketUnlinked, timestamp=at, other=another.id, kind=seen)

    def link_incident(self, incident: UUID, *, at: datetime) -> None:
        """It is hit by an incident, so its requester hears what is posted there. Linked already records nothing."""
        self._must_take_something()
        if incident not in self.incidents:
            self.trigger_event(TicketIncidentLinked, timestamp=at, incident=incident)

    def link_maintenance(self, maintenance: UUID, *, at: datetime) -> None:
        """Planned work concerns it, so its requester hears what is posted there. Linked already records nothing."""
        self._must_take_something()
        if maintenance not in self.maintenance:
            self.trigger_event(TicketMaintenanceLinked, timestamp=at, maintenance=maintenance)


def _mirrored(kind: LinkKind) -> LinkKind:
    if kind not in SEEN_FROM_THE_OTHER:
        raise ValidationFailed(
            "Follow-ups and splits are tied by the service alone.", problem="NOT_ALLOWED", path=("input", "kind")
        )
    return SEEN_FROM_THE_OTHER[kind]
