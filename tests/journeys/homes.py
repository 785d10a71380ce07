"""Organisations for journeys, made through the API as an administrator makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from projections.viewer import Role
from services.gateway import ids
from services.gateway.auth import issue_token
from services.runtime.settings import load_settings
from tests.journeys.clients import acted
from tests.journeys.running import RunningDesk


@dataclass(frozen=True)
class Home:
    """An organisation, the contact who uses it and the tokens of a customer and of its administrator (the same person)."""

    id: str
    ref: str
    contact: str
    email: str
    customer: str
    boss: str


async def a_home(desk: RunningDesk, name: str = "Fjordlab") -> Home:
    """An organisation that nobody else uses, under a ref that begins with the name."""
    admin = desk.token("ADMIN")
    ref = f"{name.lower()}-{uuid4().hex[:8]}"
    made = await acted(desk, admin, "registerOrganisation", "organisation { id }", ref=ref, name=name)
    email = f"ingrid@{ref}.example"
    person = {"email": email, "name": "Ingrid Solheim", "organisationId": made["organisation"]["id"]}
    contact = (await acted(desk, admin, "registerContact", "contact { id }", **person))["contact"]["id"]
    customer, boss = (_token(desk, role, contact, made["organisation"]["id"]) for role in (Role.CUSTOMER, Role.CUSTOMER_ADMIN))
    return Home(made["organisation"]["id"], ref, contact, email, customer, boss)


def _token(desk: RunningDesk, role: Role, contact: str, organisation: str) -> str:
    """Without a look at read models, which may not have come to the contact yet."""
    secret = load_settings(home=desk.home).token_secret.get_secret_value()
    person, whose = ids.of_kind("contact", contact), ids.of_kind("organisation", organisation)
    return issue_token(secret, subject=person, role=role, name="Ingrid Solheim", organisation=whose)


async def signed(desk: RunningDesk, home: Home, product: str, from_: datetime, to: datetime | None = None) -> dict[str, Any]:
    """A contract in force over that time: its id, version and the position of its activation."""
    admin, select = desk.token("ADMIN"), "contract { id version }"
    terms = {"product": product, "from": from_.isoformat(), "to": to.isoformat() if to else None}
    ref = f"C-{uuid4().hex[:8]}"
    made = await acted(desk, admin, "draftContract", select, organisationId=home.id, ref=ref, **terms)
    given = {"contractId": made["contract"]["id"], "expectedVersion": made["contract"]["version"]}
    done = await acted(desk, admin, "activateContract", select, **given)
    return {**done["contract"], "ref": ref, "position": done["position"]}
