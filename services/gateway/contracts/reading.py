"""Reading contracts and entitlements: root fields, and what hangs on an organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from projections.contracts import Wanted, contracts_page
from projections.paging import Page
from services.gateway import ids
from services.gateway.context import Context
from services.gateway.contracts import loading
from services.gateway.contracts.filters import ContractFilter, ContractStatusComparator
from services.gateway.contracts.types import ContractConnection, Entitlement, ServiceManagerAssignment
from services.gateway.contracts.vocabulary import ContractStatus
from services.gateway.failures import Code, RequestFailed
from services.gateway.read_models import CONTRACTS
from services.gateway.tickets.filters import IdComparator
from services.runtime.position import Position

T = TypeVar("T")
NOBODY = UUID(int=0)
"""In the place of an id that is none of ours: it fits nothing."""
MOST_VALUES = 50


async def contract_page(
    context: Context,
    filter: ContractFilter | None,
    page: Page,
    at_least: Position | None = None,
    *,
    organisation: UUID | None = None,
) -> ContractConnection:
    """A page of contracts, newest first. `organisation` is that of the object the list hangs on."""
    database = await context.reading(at_least, CONTRACTS)
    wanted = _wanted(filter, organisation)
    return ContractConnection.of(await contracts_page(database, context.viewer, wanted, page, context.now))


async def entitlements_of(context: Context, organisation: UUID, at: datetime | None) -> list[Entitlement]:
    """What an organisation may use at an instant, now if none is named, each with its reason."""
    found = await loading.entitled(context).load((organisation, at or context.now))
    return [Entitlement.of(reason) for reason in found.reasons]


async def service_manager_of(context: Context, organisation: UUID) -> ServiceManagerAssignment | None:
    """Who serves an organisation now."""
    row = await loading.serving(context).load(organisation)
    return await ServiceManagerAssignment.of(context, row) if row else None


def _wanted(asked: ContractFilter | None, organisation: UUID | None) -> Wanted:
    mine = [] if organisation is None else [{organisation}]
    if asked is None:
        return Wanted(organisations=_all_of(mine))
    whose, ends = asked.organisation, asked.ends_at
    if whose is not None:
        mine += [{_id(each) for each in those} for those in _sets(whose)]
    return Wanted(
        organisations=_all_of(mine),
        not_organisations=[_id(each) for each in _bounded(whose.nin)] if whose and whose.nin is not None else (),
        statuses=_statuses(asked.status),
        ends_from=ends.gte if ends else None,
        ends_before=ends.lt if ends else None,
    )


def _statuses(asked: ContractStatusComparator | None) -> list[str] | None:
    if asked is None:
        return None
    left = {each.name for each in ContractStatus} - {each.name for each in _bounded(asked.nin or [])}
    if asked.eq is not None:
        left &= {asked.eq.name}
    if asked.in_ is not None:
        left &= {each.name for each in _bounded(asked.in_)}
    return sorted(left)


def _sets(asked: IdComparator) -> list[Sequence[str]]:
    return [*([[asked.eq]] if asked.eq is not None else []), *([_bounded(asked.in_)] if asked.in_ is not None else [])]


def _all_of(sets: list[set[UUID]]) -> list[UUID] | None:
    return sorted(set.intersection(*sets)) if sets else None


def _id(text: str) -> UUID:
    known = ids.read(text)
    return known[1] if known and known[0] == "organisation" else NOBODY


def _bounded(values: Sequence[T]) -> Sequence[T]:
    if len(values) > MOST_VALUES:
        raise RequestFailed(Code.BAD_INPUT, f"A comparator takes at most {MOST_VALUES} values.")
    return values
