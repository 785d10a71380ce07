"""Contracts in every state, for tests that need one and do not care how it came to be so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.catalogue import BASE_PRODUCT
from domain.contracts.contract import SupportContract
from domain.contracts.course import Course

BASE, STANDARD, PREMIUM = BASE_PRODUCT, "SUPPORT-standard", "SUPPORT-premium"
ACME = UUID("0198aaaa-0001-7000-8000-000000000001")
GLOBEX = UUID("0198aaaa-0001-7000-8000-000000000002")
MANAGER = UUID("0198f00d-1111-7222-8333-444455556666")
OTHER_MANAGER = UUID("0198f00d-1111-7222-8333-444455557777")
SIGNED = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
"""When contracts are drafted and activated unless a test says otherwise."""
BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
END = datetime(2027, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def drafted(product: str = PREMIUM, *, from_: datetime = BEGIN, to: datetime | None = END) -> SupportContract:
    return SupportContract.draft(id=uuid7(), at=SIGNED, ref="C-2026-1", organisation=ACME, product=product, from_=from_, to=to)


def in_force(product: str = PREMIUM, *, from_: datetime = BEGIN, to: datetime | None = END) -> SupportContract:
    contract = drafted(product, from_=from_, to=to)
    contract.activate(at=SIGNED)
    return contract


def products_of(course: Course) -> list[tuple[str, datetime, datetime | None]]:
    return [(period.product, period.time.from_, period.time.to) for period in course.periods]
