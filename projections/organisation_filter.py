"""Which organisations: by the beginning of the name, the product they hold now, who serves them now.

What they hold is judged as domain/contracts/entitlements.py judges it: the largest product in force, base where none is larger. To whom
may read people and no contracts, everybody holds base and is served by nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from domain.catalogue import BASE_PRODUCT, Product
from domain.catalogue import product as product_of
from projections.arguments import Arguments
from projections.contract_courses import sees
from projections.service_managers import now_serving
from projections.ticket_filter import Compare
from projections.viewer import Viewer
from projections.words import fold


class OrganisationFilter(Struct, frozen=True, kw_only=True):
    """What is None fits any. `at` is now; `products` the catalogue in force."""

    name_prefix: str | None = None
    product: str | None = None
    manager: Compare | None = None
    at: datetime | None = None
    products: Sequence[Product] = ()

    @property
    def binding(self) -> tuple[object, ...]:
        """What a cursor is bound to: what was asked for, not the time."""
        return (self.name_prefix, self.product, self.manager)

    def sql(self, arguments: Arguments, viewer: Viewer) -> str:
        """The predicate over rows of `organisations o`."""
        terms = ["TRUE"]
        if self.name_prefix:
            terms.append(f"starts_with(o.sort_key, {arguments(fold(self.name_prefix), 'text')})")
        if self.product is not None:
            terms.append(f"{self._held(arguments, viewer)} = {arguments(self.product, 'text')}")
        if self.manager is not None:
            terms += self._served(arguments, viewer, self.manager)
        return " AND ".join(terms)

    def _held(self, arguments: Arguments, viewer: Viewer) -> str:
        base = product_of(BASE_PRODUCT, self.products)
        at = arguments(self.at, "timestamptz")
        least = arguments(len(base.capabilities) if base else 0, "int")
        return f"""coalesce((SELECT x.product FROM entitlement_stretches x
          WHERE x.audience = o.id AND x.from_at <= {at} AND (x.to_at IS NULL OR {at} < x.to_at) AND {sees(arguments, viewer, "x.audience")}
            AND cardinality(x.capabilities) >= {least}
          ORDER BY cardinality(x.capabilities) DESC, x.to_at DESC NULLS FIRST, x.from_at, x.contract LIMIT 1),
          {arguments(BASE_PRODUCT, "text")})"""

    def _served(self, arguments: Arguments, viewer: Viewer, asked: Compare) -> list[str]:
        serving = f"""SELECT FROM service_managers m
          WHERE m.audience = o.id AND {now_serving(arguments(self.at, "timestamptz"))} AND {sees(arguments, viewer, "m.audience")}"""
        named = Compare(eq=asked.eq, in_=asked.in_).sql(arguments, "m.manager", "uuid")
        terms = [f"EXISTS ({serving} AND {' AND '.join(named)})"] if named else []
        if asked.present is not None:
            terms.append(f"{'' if asked.present else 'NOT '}EXISTS ({serving})")
        return terms
