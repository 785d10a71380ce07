"""How a ticket is sorted: priority, severity, tags and custom fields. A value it has already records nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime

from domain import text
from domain.errors import ValidationFailed
from domain.event import Personal
from domain.policies import FieldDefinition, FieldType, SlaTerms
from domain.tickets.commands.promises import Promises
from domain.tickets.events import (
    TicketFieldSet,
    TicketPriorityChanged,
    TicketSeverityChanged,
    TicketStaffFieldSet,
    TicketTagged,
    TicketUntagged,
)
from domain.tickets.vocabulary import FieldValue, Priority, Severity, TicketKind, Visibility

LONGEST_TAG = 50
MOST_TAGS = 100
LONGEST_VALUE = 1_000

_TAG = re.compile(r"\w[\w.:/-]*")


class Classification(Promises):
    def change_priority(self, priority: Priority, *, at: datetime, terms: SlaTerms | None = None) -> None:
        """How soon; promises follow."""
        self._must_take_something()
        if priority is not self.priority:
            self.trigger_event(TicketPriorityChanged, timestamp=at, priority=priority, previous=self.priority)
            self._promise(terms, at=at)

    def change_severity(self, severity: Severity, *, at: datetime, terms: SlaTerms | None = None) -> None:
        """How bad an incident is; promises follow. A request has no severity."""
        self._must_take_something()
        must_suit(self.kind, severity, path=("input", "severity"))
        if severity is not self.severity:
            self.trigger_event(TicketSeverityChanged, timestamp=at, severity=severity, previous=self.severity)
            self._promise(terms, at=at)

    def tag(self, tag: str, *, at: datetime) -> None:
        """A label of the team, in small letters: letters, digits and . _ : / - in between."""
        self._must_take_something()
        label = _label(tag)
        if label in self.tags:
            return
        if len(self.tags) >= MOST_TAGS:
            raise ValidationFailed(
                f"A ticket has at most {MOST_TAGS} tags.", problem="OUT_OF_RANGE", path=("input", "tag"), limit=str(MOST_TAGS)
            )
        self.trigger_event(TicketTagged, timestamp=at, tag=label)

    def untag(self, tag: str, *, at: datetime) -> None:
        self._must_take_something()
        label = _label(tag)
        if label in self.tags:
            self.trigger_event(TicketUntagged, timestamp=at, tag=label)

    def set_field(
        self,
        definition: FieldDefinition,
        value: FieldValue | date | None,
        *,
        at: datetime,
        path: Sequence[str] = ("input", "field", "value"),
    ) -> None:
        """A custom field; None empties it. Who may set it is the definition's to say and the caller's to ask."""
        self._must_take_something()
        checked = None if value is None else _fitting(definition, value, path)
        if definition.key in self.fields if checked is None else self.fields.get(definition.key) != checked:
            event = TicketFieldSet if definition.visibility is Visibility.EVERYONE else TicketStaffFieldSet
            sealed = None if checked is None else Personal(checked, of=self.requester)
            self.trigger_event(event, timestamp=at, key=definition.key, value=sealed)


def must_suit(kind: TicketKind, severity: Severity | None, *, path: Sequence[str]) -> None:
    if severity is not None and kind is not TicketKind.INCIDENT:
        raise ValidationFailed("Only an incident has a severity.", problem="NOT_ALLOWED", path=path)


def _label(tag: str) -> str:
    path = ("input", "tag")
    label = text.line(tag, path=path, what="The tag", longest=LONGEST_TAG).casefold()
    if not _TAG.fullmatch(label):
        raise ValidationFailed(
            "A tag begins with a letter or digit and holds letters, digits and . _ : / - only.", problem="BAD_FORMAT", path=path
        )
    return label


def _fitting(definition: FieldDefinition, value: FieldValue | date, path: Sequence[str]) -> FieldValue:
    """The value as it is recorded. Raises ValidationFailed where it is not of the field's type."""
    match definition.type, value:
        case FieldType.TEXT, str():
            return text.body(value, path=path, what=definition.label, longest=LONGEST_VALUE)
        case FieldType.NUMBER, int() | float() if not isinstance(value, bool):
            if math.isfinite(value) and abs(value) < 1e15:
                return float(value)
            raise _unfit(f"{definition.label} is a number below 10^15.", "OUT_OF_RANGE", path, limit="1e15")
        case FieldType.DATE, str() | date() if not isinstance(value, datetime):
            try:
                return (date.fromisoformat(value) if isinstance(value, str) else value).isoformat()
            except ValueError as malformed:
                raise _unfit(f"{definition.label} is a day such as 2026-07-01.", "BAD_FORMAT", path) from malformed
        case FieldType.OPTIONS, tuple():
            chosen = tuple(dict.fromkeys(value))
            if not chosen:
                raise _unfit(f"{definition.label}: choose at least one, or empty the field.", "REQUIRED", path)
            if not set(chosen) <= set(definition.options):
                raise _unfit(f"{definition.label} is among {', '.join(definition.options)}.", "NOT_ALLOWED", path)
            return chosen
    raise _unfit(f"{definition.label} takes a value of the type {definition.type}.", "BAD_FORMAT", path)


def _unfit(message: str, problem: str, path: Sequence[str], *, limit: str | None = None) -> ValidationFailed:
    return ValidationFailed(message, problem=problem, path=path, limit=limit)
