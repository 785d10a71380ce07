"""Planned work: announced, begun and ended by time at its instants, or called off.

While it runs, and only then, it imposes its states on services; see incident.py for how that is recorded on these.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Aggregate, Classification, DomainEvent
from domain.status.events import (
    MaintenanceCancelled,
    MaintenanceCompleted,
    MaintenanceScheduled,
    MaintenanceStarted,
    MaintenanceTicketLinked,
    MaintenanceUpdatePosted,
)
from domain.status.impacts import judged
from domain.status.refusals import MaintenanceIsOver
from domain.status.vocabulary import (
    MAINTENANCE_WAYS,
    ComponentImpact,
    ComponentState,
    MaintenanceStatus,
    NoticeKind,
    StatusSeverity,
)

BODY = ("input", "body")
FARTHEST = timedelta(days=731)
"""How far ahead work is planned."""


class Maintenance(Aggregate):
    TOPIC = "maintenance"
    Event = DomainEvent
    Created = MaintenanceScheduled  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def schedule(
        cls,
        *,
        id: UUID,
        at: datetime,
        ref: str,
        title: str,
        impacts: Sequence[ComponentImpact],
        body: str,
        from_: datetime,
        to: datetime,
        update: UUID,
        severity: StatusSeverity = StatusSeverity.INFORMATION,
    ) -> Maintenance:
        """`update` is the id of its first post. Work whose begin has passed begins at once; its end must be to come."""
        for name, value in (("from", from_), ("to", to)):
            path = ("input", name)
            if value.tzinfo is None:
                raise ValidationFailed("The time has no offset from UTC.", problem="BAD_FORMAT", path=path)
            if value - at > FARTHEST:
                limit = (at + FARTHEST).isoformat()
                raise ValidationFailed(f"Work is planned until {limit}.", problem="OUT_OF_RANGE", path=path, limit=limit)
        if to <= max(from_, at):
            raise ValidationFailed(
                "Planned work ends after it begins, and in time to come.",
                problem="OUT_OF_RANGE",
                path=("input", "to"),
                limit=max(from_, at).isoformat(),
            )
        return cls._create(
            MaintenanceScheduled,
            id=id,
            timestamp=at,
            ref=ref,
            title=text.line(title, path=("input", "title"), what="The title"),
            severity=severity,
            impacts=judged(impacts, NoticeKind.MAINTENANCE),
            body=text.body(body, path=BODY, what="The post"),
            from_=max(from_, at).astimezone(UTC),
            to=to.astimezone(UTC),
            update=update,
        )

    def start(self, *, at: datetime) -> None:
        """Its time has come; dated to its instant. Records nothing before it, or when it began or was called off."""
        if self.status is MaintenanceStatus.SCHEDULED and self.from_ <= at:
            self.trigger_event(MaintenanceStarted, timestamp=self.from_)

    def complete(self, *, at: datetime) -> None:
        """Its time is over; dated to its instant. Records nothing before it, or when it does not run."""
        if self.status is MaintenanceStatus.IN_PROGRESS and self.to <= at:
            self.trigger_event(MaintenanceCompleted, timestamp=self.to)

    def post_update(self, *, at: datetime, update: UUID, body: str, impacts: Sequence[ComponentImpact] | None = None) -> None:
        """Tell how it stands. `impacts`, if given, is all that it does from now on."""
        self._must_be_ahead()
        self.trigger_event(
            MaintenanceUpdatePosted,
            timestamp=at,
            update=update,
            body=text.body(body, path=BODY, what="The post"),
            impacts=None if impacts is None else judged(impacts, NoticeKind.MAINTENANCE, change=True),
        )

    def cancel(self, *, at: datetime, update: UUID, body: str) -> None:
        """Call it off, before or while it runs."""
        self._must_be_ahead()
        self.trigger_event(MaintenanceCancelled, timestamp=at, body=text.body(body, path=BODY, what="The post"), update=update)

    def link_ticket(self, ticket: UUID, *, at: datetime) -> None:
        """Somebody is concerned by it; also known later, when it is over. Linked already records nothing."""
        if ticket not in self.tickets:
            self.trigger_event(MaintenanceTicketLinked, timestamp=at, ticket=ticket)

    @property
    def holds(self) -> dict[UUID, ComponentState]:
        """The services it does something to now, and what."""
        if self.status is not MaintenanceStatus.IN_PROGRESS:
            return {}
        return {each.component: each.state for each in self.impacts if each.state is not ComponentState.OPERATIONAL}

    def _must_be_ahead(self) -> None:
        if not MAINTENANCE_WAYS[self.status]:
            raise MaintenanceIsOver(self.status)

    def evolve(self, event: DomainEvent) -> None:
        if isinstance(event, MaintenanceScheduled):
            self.visible_version = 0
        if event.CLASS is not Classification.RESTRICTED:
            self.visible_version += 1
        match event:
            case MaintenanceScheduled():
                self.ref = event.ref
                self.title = event.title
                self.severity = event.severity
                self.impacts = event.impacts
                self.from_ = event.from_
                self.to = event.to
                self.status = MaintenanceStatus.SCHEDULED
                self.tickets: set[UUID] = set()
            case MaintenanceTicketLinked():
                self.tickets.add(event.ticket)
            case MaintenanceStarted():
                self.status = MaintenanceStatus.IN_PROGRESS
            case MaintenanceCompleted():
                self.status = MaintenanceStatus.COMPLETED
            case MaintenanceCancelled():
                self.status = MaintenanceStatus.CANCELLED
            case MaintenanceUpdatePosted():
                if event.impacts is not None:
                    self.impacts = event.impacts
