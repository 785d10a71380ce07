"""Who appears in the demo data: invented organisations, invented people, on addresses reserved for examples (RFC 2606)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from domain.policies import NAMESPACE
from projections.viewer import Role


@dataclass(frozen=True)
class Customer:
    """An organisation and its people; the first of them administers it."""

    ref: str
    name: str
    people: tuple[str, ...]

    @property
    def domain(self) -> str:
        return f"{self.ref}.example"

    def email(self, person: str) -> str:
        return f"{person.split()[0].lower()}@{self.domain}"


@dataclass(frozen=True)
class Member:
    """One of staff."""

    name: str
    role: Role
    queues: tuple[str, ...]

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE, f"staff/{self.role.value}/{self.name}")


CUSTOMERS = (
    Customer("fjordlab", "Fjordlab Genomics", ("Ingrid Solheim", "Magnus Eide", "Tuva Berge")),
    Customer("nordkraft", "Nordkraft Grid", ("Henrik Lund", "Sofie Dahl", "Oskar Nygaard")),
    Customer("aurora", "Aurora University", ("Elin Sandberg", "Viktor Holm", "Maja Ek")),
    Customer("havbris", "Havbris Shipping", ("Jens Krogh", "Camilla Friis")),
    Customer("meridian", "Meridian Health", ("Claire Dubois", "Luca Moretti", "Anna Keller")),
    Customer("tallinx", "Tallinx Payments", ("Kadri Tamm", "Rasmus Saar")),
    Customer("stadsarkiv", "Stadsarkivet", ("Birgitta Lindqvist", "Nils Forsberg")),
    Customer("polarweb", "Polarweb Media", ("Aino Virtanen", "Mikko Laine")),
)

STAFF = (
    Member("Freja Holst", Role.AGENT, ("support", "network")),
    Member("Emil Strand", Role.AGENT, ("support", "storage")),
    Member("Nora Vik", Role.AGENT, ("network", "on-call")),
    Member("Jonas Berg", Role.AGENT, ("storage", "on-call")),
    Member("Liv Aasen", Role.SERVICE_MANAGER, ("support",)),
    Member("Marta Rask", Role.ADMIN, ("support", "on-call")),
    Member("Otto Palm", Role.AUDITOR, ()),
)
AGENTS = tuple(member for member in STAFF if member.role is Role.AGENT)
