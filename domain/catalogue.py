"""The products of the service catalogue, verbatim, and what each gives its holder, as data.

Nothing in the code asks "is it premium": it asks for a capability. The policy file may override what a product gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Capability(StrEnum):
    TICKETING = "TICKETING"
    COMMUNITY_CHAT = "COMMUNITY_CHAT"
    STATUS_NOTIFICATIONS = "STATUS_NOTIFICATIONS"
    BACKCHANNEL_CHAT = "BACKCHANNEL_CHAT"
    SERVICE_MANAGER = "SERVICE_MANAGER"
    OPERATIONS_MEETINGS = "OPERATIONS_MEETINGS"
    ENGAGEMENTS = "ENGAGEMENTS"


@dataclass(frozen=True)
class Product:
    """`code` is written exactly as in the catalogue."""

    code: str
    name: str
    capabilities: tuple[Capability, ...]

    def gives(self, capability: Capability) -> bool:
        return capability in self.capabilities


BASE_PRODUCT = "SUPPORT-iaas.base"
"""Every organisation resolves to at least this one; no ticket is refused because a contract is missing or has lapsed."""

_BASE = (Capability.TICKETING, Capability.COMMUNITY_CHAT, Capability.STATUS_NOTIFICATIONS)
_STANDARD = (*_BASE, Capability.BACKCHANNEL_CHAT)
_PREMIUM = (*_STANDARD, Capability.SERVICE_MANAGER, Capability.OPERATIONS_MEETINGS, Capability.ENGAGEMENTS)

PRODUCTS = (
    Product(BASE_PRODUCT, "Basic IaaS support", _BASE),
    Product("SUPPORT-standard", "Access to the backchannel chat room with the support and engineering team", _STANDARD),
    Product("SUPPORT-premium", "Dedicated service manager with quarterly operations meetings", _PREMIUM),
)


def product(code: str, products: Sequence[Product] = PRODUCTS) -> Product | None:
    """The product of that code, None where the catalogue has none."""
    return next((found for found in products if found.code == code), None)


def smallest_with(capability: Capability, products: Sequence[Product] = PRODUCTS) -> Product | None:
    """The product that gives the least and still this capability."""
    return min(
        (found for found in products if found.gives(capability)), key=lambda found: len(found.capabilities), default=None
    )
