"""How much of a time a service was up: a pure function of what was imposed on it.

The catalogue gives no figures and no definition, so this is ours: time under planned work is taken out, whatever else happened in it;
of the rest a partial or major outage is down, a degraded service is up and counted apart. Where two incidents hold it at once, the
worse counts. What would change it: a product that promises availability in other words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

from domain.status.vocabulary import ComponentState, NoticeKind, worst

WINDOW = timedelta(days=90)
DOWN = (ComponentState.PARTIAL_OUTAGE, ComponentState.MAJOR_OUTAGE)
NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A notice held the service in a state from `since` until `until`, None while it still does."""

    notice: UUID
    kind: NoticeKind
    state: ComponentState
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """Of `[since, until)`. `spent` is the time in each state; all states together are the whole."""

    since: datetime
    until: datetime
    spent: dict[ComponentState, timedelta]

    @property
    def downtime(self) -> timedelta:
        return sum((self.spent[state] for state in DOWN), NOTHING)

    @property
    def degraded(self) -> timedelta:
        return self.spent[ComponentState.DEGRADED]

    @property
    def maintenance(self) -> timedelta:
        return self.spent[ComponentState.UNDER_MAINTENANCE]

    @property
    def uptime_ratio(self) -> float:
        """Up share of the time outside planned work, 0 to 1; 1 where no such time was."""
        counted = self.until - self.since - self.maintenance
        return 1.0 if counted <= NOTHING else 1.0 - self.downtime / counted

    @property
    def worst(self) -> ComponentState:
        return worst(state for state, spent in self.spent.items() if spent)


def availability(stretches: Sequence[Stretch], since: datetime, until: datetime) -> Availability:
    """The time `[since, until)` by state. Stretches may overlap, lie outside, be open, and come in any order."""
    until = max(since, until)
    spent = dict.fromkeys(ComponentState, NOTHING)
    within = [
        (max(each.since, since), min(each.until or until, until), each)
        for each in stretches
        if each.since < until and (each.until is None or each.until > since)
    ]
    edges = sorted({since, until, *(edge for begin, end, _ in within for edge in (begin, end))})
    for begin, end in pairwise(edges):
        held = [each for first, last, each in within if first <= begin and end <= last]
        if any(each.kind is NoticeKind.MAINTENANCE for each in held):
            state = ComponentState.UNDER_MAINTENANCE
        else:
            state = worst(each.state for each in held)
        spent[state] += end - begin
    return Availability(since, until, spent)


def by_day(stretches: Sequence[Stretch], since: datetime, until: datetime) -> list[Availability]:
    """The same for each day of UTC that the time touches, oldest first."""
    days = []
    begin = since
    while begin < until:
        midnight = datetime.combine(begin.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        days.append(availability(stretches, begin, min(midnight, until)))
        begin = midnight
    return days
