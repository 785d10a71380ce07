"""What services, incidents and planned work refuse, as sentences. Each names the way out."""

from __future__ import annotations

from typing import ClassVar

from domain.errors import InvalidTransition, RuleViolated
from domain.status.vocabulary import INCIDENT_WAYS, MAINTENANCE_WAYS, IncidentStatus, MaintenanceStatus


class ComponentIsRetired(InvalidTransition):
    def __init__(self) -> None:
        super().__init__("This service is retired; it is kept for its history alone.", current="RETIRED", allowed=())


class ComponentIsImpaired(RuleViolated):
    rule: ClassVar[str] = "COMPONENT_IS_IMPAIRED"

    def __init__(self) -> None:
        super().__init__("An incident or planned work holds this service; end that first, then retire it.")


class IncidentGoesOnwards(InvalidTransition):
    """From where it stands it does not go there."""

    def __init__(self, current: IncidentStatus) -> None:
        allowed = INCIDENT_WAYS[current]
        super().__init__(
            f"The incident is {current}; from there it may become {', '.join(allowed)}.", current=current, allowed=allowed
        )


class IncidentIsResolved(InvalidTransition):
    def __init__(self) -> None:
        super().__init__(
            "The incident is resolved; what happens now is a new incident.", current=IncidentStatus.RESOLVED, allowed=()
        )


class MaintenanceIsOver(InvalidTransition):
    def __init__(self, current: MaintenanceStatus) -> None:
        super().__init__(f"This work is {current}; schedule it anew.", current=current, allowed=MAINTENANCE_WAYS[current])
