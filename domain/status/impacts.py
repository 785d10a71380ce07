"""What a notice says it does to services: judged once for incidents and planned work alike."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import ValidationFailed
from domain.status.vocabulary import ComponentImpact, ComponentState, NoticeKind

MOST = 100
PATH = ("input", "impacts")


def judged(impacts: Sequence[ComponentImpact], kind: NoticeKind, *, change: bool = False) -> tuple[ComponentImpact, ...]:
    """The impacts, if they make sense. A `change` may be empty or say OPERATIONAL: that service is well again. Raises ValidationFailed."""
    if not impacts and not change:
        raise ValidationFailed("Name at least one service.", problem="REQUIRED", path=PATH)
    if len(impacts) > MOST:
        raise ValidationFailed(f"At most {MOST} services at once.", problem="OUT_OF_RANGE", path=PATH, limit=str(MOST))
    seen = set()
    for index, impact in enumerate(impacts):
        path = (*PATH, str(index))
        if impact.component in seen:
            raise ValidationFailed("Name each service once.", problem="NOT_ALLOWED", path=(*path, "componentId"))
        seen.add(impact.component)
        if impact.state is ComponentState.OPERATIONAL and not change:
            raise ValidationFailed("A service that is well needs no notice.", problem="NOT_ALLOWED", path=(*path, "state"))
        if impact.state is ComponentState.UNDER_MAINTENANCE and kind is NoticeKind.INCIDENT:
            raise ValidationFailed("An incident is no planned work.", problem="NOT_ALLOWED", path=(*path, "state"))
    return tuple(impacts)
