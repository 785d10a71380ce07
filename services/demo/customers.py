"""Who appears in the demo data: the provider's customers and their people (organisations.toml), and its own staff."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from domain.policies import NAMESPACE
from projections.viewer import Role

_ASCII = str.maketrans({"ø": "o", "æ": "ae", "å": "a", "ä": "a", "ö": "o", "é": "e", "è": "e", "ê": "e", "ç": "c", "ü": "u"})


@dataclass(frozen=True)
class Contract:
    """Times in days before the end of the quarter told; negative ones lie ahead. A plan change is told `told` days before."""

    product: str
    began: int
    ends: int | None = None
    """Days ahead."""
    manager: str | None = None
    mode: str = "SHARED"
    suspended: int | None = None
    change: dict[str, Any] | None = None


@dataclass(frozen=True)
class Customer:
    """An organisation and its people; the first of them administers it."""

    ref: str
    name: str
    people: tuple[str, ...]
    zone: ZoneInfo
    language: str | None = None
    contract: Contract | None = None

    @property
    def domain(self) -> str:
        return f"{self.ref}.example"

    def email(self, person: str) -> str:
        return f"{person.split()[0].lower().translate(_ASCII)}@{self.domain}"


@dataclass(frozen=True)
class Member:
    """One of staff."""

    name: str
    role: Role
    queues: tuple[str, ...]

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE, f"staff/{self.role.value}/{self.name}")


STAFF = (
    Member("Freja Holst", Role.AGENT, ("support", "network")),
    Member("Emil Strand", Role.AGENT, ("support", "storage")),
    Member("Nora Vik", Role.AGENT, ("network", "on-call")),
    Member("Jonas Berg", Role.AGENT, ("storage", "on-call")),
    Member("Sigrid Falk", Role.AGENT, ("support",)),
    Member("Mathis Roth", Role.AGENT, ("support", "network")),
    Member("Yara Costa", Role.AGENT, ("support", "storage")),
    Member("Piet Hagen", Role.AGENT, ("network", "storage")),
    Member("Amalie Toft", Role.AGENT, ("support", "on-call")),
    Member("Liv Aasen", Role.SERVICE_MANAGER, ("support",)),
    Member("Tove Lindgren", Role.SERVICE_MANAGER, ("support",)),
    Member("Ruben Haas", Role.SERVICE_MANAGER, ("support",)),
    Member("Ines Carvalho", Role.SERVICE_MANAGER, ("support",)),
    Member("Marta Rask", Role.ADMIN, ("support", "on-call")),
    Member("Otto Palm", Role.AUDITOR, ()),
)
AGENTS = tuple(member for member in STAFF if member.role is Role.AGENT)
BY_NAME = {member.name: member for member in STAFF}
ADMIN = next(member for member in STAFF if member.role is Role.ADMIN)


@cache
def customers() -> tuple[Customer, ...]:
    """All, the busiest first."""
    return tuple(
        Customer(
            each["ref"],
            each["name"],
            tuple(each["people"]),
            ZoneInfo(each["zone"]),
            each.get("language"),
            Contract(**each["contract"]) if "contract" in each else None,
        )
        for each in data("organisations.toml")["organisation"]
    )


def data(name: str) -> dict[str, Any]:
    """A file of texts beside this one."""
    return tomllib.loads(files("services.demo").joinpath(name).read_text())


async def is_demo_staff(id: UUID) -> bool:
    """Whether somebody is one of the demo's staff."""
    return any(member.id == id for member in STAFF)
