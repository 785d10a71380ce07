"""An incident as the public is told of it: INVESTIGATING → IDENTIFIED → MONITORING → RESOLVED.

What it does to services is recorded on these too, in the same append: whoever calls a command loads the services of `holds` before and
after, and lets each be impaired or relieved (`services/commands/status.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Aggregate, Classification, DomainEvent
from domain.status.events import IncidentDeclared, IncidentResolved, IncidentTicketLinked, IncidentUpdatePosted
from domain.status.impacts import judged
from domain.status.refusals import IncidentGoesOnwards, IncidentIsResolved
from domain.status.vocabulary import (
    INCIDENT_WAYS,
    ComponentImpact,
    ComponentState,
    IncidentStatus,
    NoticeKind,
    StatusSeverity,
)

BODY = ("input", "body")


class StatusIncident(Aggregate):
    TOPIC = "incident"
    Event = DomainEvent
    Created = IncidentDeclared  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def declare(
        cls,
        *,
        id: UUID,
        at: datetime,
        ref: str,
        title: str,
        severity: StatusSeverity,
        impacts: Sequence[ComponentImpact],
        body: str,
        update: UUID,
        started_at: datetime | None = None,
    ) -> StatusIncident:
        """`update` is the id of its first post. It may have begun before it is declared, never after. Raises ValidationFailed."""
        if started_at is not None and started_at.tzinfo is None:
            raise ValidationFailed("The time has no offset from UTC.", problem="BAD_FORMAT", path=("input", "startedAt"))
        if started_at is not None and started_at > at:
            raise ValidationFailed(
                "An incident is declared once it has begun.",
                problem="OUT_OF_RANGE",
                path=("input", "startedAt"),
                limit=at.isoformat(),
            )
        return cls._create(
            IncidentDeclared,
            id=id,
            timestamp=at,
            ref=ref,
            title=text.line(title, path=("input", "title"), what="The title"),
            severity=severity,
            impacts=judged(impacts, NoticeKind.INCIDENT),
            body=text.body(body, path=BODY, what="The post"),
            started_at=started_at or at,
            update=update,
        )

    def post_update(
        self,
        *,
        at: datetime,
        update: UUID,
        body: str,
        status: IncidentStatus | None = None,
        impacts: Sequence[ComponentImpact] | None = None,
    ) -> None:
        """Tell how it stands. `impacts`, if given, is all that it does from now on; a service not named is well again."""
        self._must_be_open()
        if status is IncidentStatus.RESOLVED:
            raise ValidationFailed("End an incident with resolveIncident.", problem="NOT_ALLOWED", path=("input", "status"))
        if status not in (None, self.status, *INCIDENT_WAYS[self.status]):
            raise IncidentGoesOnwards(self.status)
        self.trigger_event(
            IncidentUpdatePosted,
            timestamp=at,
            update=update,
            body=text.body(body, path=BODY, what="The post"),
            status=status or self.status,
            impacts=None if impacts is None else judged(impacts, NoticeKind.INCIDENT, change=True),
        )

    def link_ticket(self, ticket: UUID, *, at: datetime) -> None:
        """Somebody is hit by it; also known later, when it is over. Linked already records nothing."""
        if ticket not in self.tickets:
            self.trigger_event(IncidentTicketLinked, timestamp=at, ticket=ticket)

    def resolve(self, *, at: datetime, update: UUID, body: str, restored: Sequence[UUID] = ()) -> None:
        """It is over. The services that it still holds are let go; `restored` are those that get better by that."""
        self._must_be_open()
        self.trigger_event(
            IncidentResolved,
            timestamp=at,
            body=text.body(body, path=BODY, what="The post"),
            resolved_at=at,
            update=update,
            restored=tuple(each for each in self.holds if each in restored),
        )

    @property
    def holds(self) -> dict[UUID, ComponentState]:
        """The services it does something to now, and what."""
        if self.status is IncidentStatus.RESOLVED:
            return {}
        return {each.component: each.state for each in self.impacts if each.state is not ComponentState.OPERATIONAL}

    def _must_be_open(self) -> None:
        if self.status is IncidentStatus.RESOLVED:
            raise IncidentIsResolved

    def evolve(self, event: DomainEvent) -> None:
        if isinstance(event, IncidentDeclared):
            self.visible_version = 0
        if event.CLASS is not Classification.RESTRICTED:
            self.visible_version += 1
        match event:
            case IncidentDeclared():
                self.ref = event.ref
                self.title = event.title
                self.severity = event.severity
                self.impacts = event.impacts
                self.status = IncidentStatus.INVESTIGATING
                self.started_at = event.started_at
                self.resolved_at: datetime | None = None
                self.tickets: set[UUID] = set()
            case IncidentUpdatePosted():
                self.status = event.status
                if event.impacts is not None:
                    self.impacts = event.impacts
            case IncidentTicketLinked():
                self.tickets.add(event.ticket)
            case IncidentResolved():
                self.status = IncidentStatus.RESOLVED
                self.resolved_at = event.resolved_at
