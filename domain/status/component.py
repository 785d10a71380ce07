"""A service as the status page shows it. It remembers who imposes what on it, and is as bad as the worst of that.

Two notices may hold one service at once, and either may let go first: so each let-go is the notice's own, and the state follows.
"""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Aggregate, DomainEvent
from domain.status.events import (
    ComponentImpaired,
    ComponentRegistered,
    ComponentRelieved,
    ComponentRetired,
    ComponentStateChanged,
)
from domain.status.refusals import ComponentIsImpaired, ComponentIsRetired
from domain.status.vocabulary import ComponentState, NoticeKind, worst

_REF = re.compile(r"\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class ServiceComponent(Aggregate):
    TOPIC = "component"
    Event = DomainEvent
    Created = ComponentRegistered  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def register(cls, *, id: UUID, at: datetime, ref: str, name: str, group: str) -> ServiceComponent:
        """That its ref is no other's is reserved by a look-up in the same append. Raises ValidationFailed."""
        if not _REF.match(ref):
            raise ValidationFailed(
                "A short name has 1–63 characters of a–z, 0–9 and, inside, hyphens.",
                problem="BAD_FORMAT",
                path=("input", "ref"),
            )
        return cls._create(
            ComponentRegistered,
            id=id,
            timestamp=at,
            ref=ref,
            name=text.line(name, path=("input", "name"), what="The name"),
            group=text.line(group, path=("input", "group"), what="The heading"),
        )

    def impair(self, notice: UUID, kind: NoticeKind, state: ComponentState, *, at: datetime, since: datetime) -> None:
        """Let a notice impose a state, in place of what it imposed before; OPERATIONAL lets go. The same again records nothing."""
        if state is ComponentState.OPERATIONAL:
            self.relieve(notice, at=at)
            return
        if self.retired:
            raise ComponentIsRetired
        if self.imposed.get(notice) is state:
            return
        before = self.state
        self.trigger_event(ComponentImpaired, timestamp=at, notice=notice, kind=kind, state=state, since=since)
        self._follow(before, notice, at=at)

    def relieve(self, notice: UUID, *, at: datetime) -> None:
        """A notice lets go; the service is as bad as the others still make it. Nothing held records nothing."""
        if notice in self.imposed:
            before = self.state
            self.trigger_event(ComponentRelieved, timestamp=at, notice=notice)
            self._follow(before, notice, at=at)

    def without(self, notice: UUID) -> ComponentState:
        """How it would be if this notice did nothing to it."""
        return worst(state for other, state in self.imposed.items() if other != notice)

    def retire(self, *, at: datetime) -> None:
        """Take it off the page. Again records nothing."""
        if self.retired:
            return
        if self.imposed:
            raise ComponentIsImpaired
        self.trigger_event(ComponentRetired, timestamp=at)

    def _follow(self, before: ComponentState, notice: UUID, *, at: datetime) -> None:
        now = worst(self.imposed.values())
        if now is not before:
            self.trigger_event(ComponentStateChanged, timestamp=at, state=now, previous=before, because=notice)

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case ComponentRegistered():
                self.ref = event.ref
                self.name = event.name
                self.group = event.group
                self.state = ComponentState.OPERATIONAL
                self.imposed: dict[UUID, ComponentState] = {}
                self.retired = False
            case ComponentImpaired():
                self.imposed[event.notice] = event.state
            case ComponentRelieved():
                self.imposed.pop(event.notice, None)
            case ComponentStateChanged():
                self.state = event.state
            case ComponentRetired():
                self.retired = True
