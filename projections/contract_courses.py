"""What a contract's course is while it is folded, for the read models that need it, and whose contracts a viewer sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from domain.contracts.course import Course
from domain.contracts.events import CONTRACT_EVENTS, ContractDrafted
from domain.contracts.folding import after, begun
from domain.event import Classification, DomainEvent
from projections.arguments import Arguments
from projections.projection import Envelope, Fold
from projections.viewer import Role, Viewer


@dataclass(frozen=True, slots=True)
class Folded:
    """A contract's course; `visible_version` counts what customers may see."""

    course: Course | None = None
    version: int = 0
    visible_version: int = 0


def step(state: Folded, event: DomainEvent, envelope: Envelope) -> Folded:
    visible = state.visible_version + (envelope.classification is not Classification.RESTRICTED)
    if isinstance(event, ContractDrafted):
        return Folded(begun(event), envelope.version, visible)
    assert state.course is not None
    return replace(state, course=after(state.course, event), version=envelope.version, visible_version=visible)


def written(state: Folded) -> str:
    """As JSON text; `read` makes an equal value of it."""
    return msgspec.json.encode(state).decode()


def read(text: str) -> Folded:
    return msgspec.json.decode(text, type=Folded)


def folding(load: str, rows: Callable[[UUID, Folded], object]) -> Fold[Folded]:
    """A fold of courses over all events of contracts. `rows` is never asked before a contract was drafted."""
    fold: Fold[Folded] = Fold(load=load, read=read, start=lambda _: Folded(), rows=rows)  # type: ignore[arg-type]
    fold.on(*CONTRACT_EVENTS)(step)
    return fold


def audiences(viewer: Viewer) -> tuple[UUID, ...] | None:
    """Whose contracts are seen; None means everybody's. A program reads them by a scope of their own."""
    if viewer.role is Role.SERVICE:
        return None if "CONTRACTS_READ" in viewer.scopes else ()
    return viewer.audiences


def sees(arguments: Arguments, viewer: Viewer, column: str) -> str:
    """The viewer's predicate over an organisation's column."""
    mine = audiences(viewer)
    return "TRUE" if mine is None else f"{column} = ANY({arguments(list(mine), 'uuid[]')})"
