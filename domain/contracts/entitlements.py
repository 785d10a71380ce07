"""Who is entitled to what, why, from when and until when: judged from contracts at any instant, past, present or to come.

Decision: an answer holds at the instants of the world (`at` is when something is used), by all that is known now; a contract activated
today for last month entitles last month. What was promised meanwhile (an SLA target on a ticket) is never rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import catalogue
from domain.catalogue import BASE_PRODUCT, PRODUCTS, Capability, Product
from domain.contracts.course import Course, Stretch
from domain.errors import EntitlementRequired, ValidationFailed


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A capability and its reason. `contract` and `from_` are None for base, which needs no contract and has no beginning.

    `from_` and `to` are those of the reason: of the stretch in which this contract gives this product. `to` is not included.
    """

    capability: Capability
    product: str
    contract: UUID | None = None
    from_: datetime | None = None
    to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entitled:
    """All that an organisation may use at an instant. `product` is the largest that is in force."""

    at: datetime
    product: str
    reasons: tuple[Entitlement, ...]
    products: tuple[Product, ...] = PRODUCTS

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(each.capability for each in self.reasons)

    def reason(self, capability: Capability) -> Entitlement | None:
        return next((each for each in self.reasons if each.capability is capability), None)

    def require(self, capability: Capability) -> Entitlement:
        """The reason. Raises EntitlementRequired with the smallest product that gives the capability."""
        found = self.reason(capability)
        if found is None:
            raise lacking(capability, self.products)
        return found


def entitlements(contracts: Iterable[Course], at: datetime, products: Sequence[Product] = PRODUCTS) -> Entitled:
    """What the holder of these contracts may use at an instant. What base gives needs no contract, whatever else is in force.

    Where several contracts give a capability, the reason is the one that lasts longest, then the larger product, then the older.
    """
    stretches = [(stretch, course.contract) for course in contracts if (stretch := course.stretch_at(at)) is not None]
    return judged(stretches, at, products)


def judged(stretches: Sequence[tuple[Stretch, UUID]], at: datetime, products: Sequence[Product] = PRODUCTS) -> Entitled:
    """Likewise, of stretches that cover the instant, each with its contract."""
    base = catalogue.product(BASE_PRODUCT, products)
    given = base.capabilities if base else ()
    reasons = {capability: Entitlement(capability, BASE_PRODUCT) for capability in given}
    ranked = sorted(stretches, key=_longest_first)
    for stretch, contract in ranked:
        for capability in stretch.capabilities:
            reason = Entitlement(capability, stretch.product, contract, stretch.time.from_, stretch.time.to)
            reasons.setdefault(capability, reason)
    largest = max((stretch for stretch, _ in ranked), key=lambda each: len(each.capabilities), default=None)
    product = largest.product if largest and len(largest.capabilities) >= len(given) else BASE_PRODUCT
    ordered = tuple(reasons[capability] for capability in Capability if capability in reasons)
    return Entitled(at, product, ordered, tuple(products))


def _longest_first(each: tuple[Stretch, UUID]) -> tuple[bool, float, int, datetime, UUID]:
    stretch, contract = each
    until = stretch.time.to
    return (until is not None, -until.timestamp() if until else 0.0, -len(stretch.capabilities), stretch.time.from_, contract)


def lacking(capability: Capability, products: Sequence[Product] = PRODUCTS) -> EntitlementRequired:
    """The refusal, with the product to ask for."""
    smallest = catalogue.smallest_with(capability, products)
    name = capability.value.replace("_", " ").lower()
    needed = f"; it comes with {smallest.code}." if smallest else "."
    return EntitlementRequired(
        f"The organisation has no {name} at this time{needed}",
        capability=capability.value,
        product=smallest.code if smallest else BASE_PRODUCT,
    )


def known_product(code: str, products: Sequence[Product]) -> Product:
    """The product an input names. Raises ValidationFailed."""
    found = catalogue.product(code, products)
    if found is None:
        codes = ", ".join(each.code for each in products)
        raise ValidationFailed(
            f"There is no such product. Known: {codes}.", problem="NOT_ALLOWED", path=("input", "product"), limit=codes
        )
    return found
