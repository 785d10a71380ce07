"""The service catalogue: products and what each gives."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import strawberry

from domain import catalogue
from services.gateway.described import said
from services.gateway.scalars import ProductCode


@strawberry.enum(description="What a product gives its holder. Which product gives which is data in the catalogue.")
class Capability(Enum):
    TICKETING = said("TICKETING", "Tickets by portal, e-mail and phone, day and night.")
    COMMUNITY_CHAT = said("COMMUNITY_CHAT", "May ask for the community room.")
    STATUS_NOTIFICATIONS = said("STATUS_NOTIFICATIONS", "May subscribe to status.")
    BACKCHANNEL_CHAT = said("BACKCHANNEL_CHAT", "May ask for the room with support and engineers.")
    SERVICE_MANAGER = said("SERVICE_MANAGER", "Has a service manager.")
    OPERATIONS_MEETINGS = said("OPERATIONS_MEETINGS", "Has quarterly operations meetings.")
    ENGAGEMENTS = said("ENGAGEMENTS", "May ask for planning, reviews, design and migration.")


@strawberry.type(description="A product of the service catalogue.")
class Product:
    code: ProductCode = strawberry.field(description="Verbatim code.")
    name: str = strawberry.field(description="Name.")
    capabilities: list[Capability] = strawberry.field(description="What it gives.")
    upgrades_to: Product | None = strawberry.field(description="The product that includes it next, upwards; null at the top.")


def products(known: Sequence[catalogue.Product]) -> list[Product]:
    """The catalogue, smallest product first, each with the one that includes it next."""
    made: list[tuple[frozenset[catalogue.Capability], Product]] = []
    for product in sorted(known, key=lambda each: len(each.capabilities), reverse=True):
        gives = frozenset(product.capabilities)
        larger = [shown for more, shown in made if gives < more]
        shown = Product(
            code=ProductCode(product.code),
            name=product.name,
            capabilities=[Capability[each.value] for each in product.capabilities],
            upgrades_to=larger[-1] if larger else None,
        )
        made.append((gives, shown))
    return [shown for _, shown in reversed(made)]
