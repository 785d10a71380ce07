"""token: a development token for a role, so that a newcomer can be anybody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import click

from domain.policies import NAMESPACE
from projections.viewer import Role
from services.cli.running import run_once
from services.cli.wiring import reading
from services.runtime.settings import Settings, SettingsInvalid, load_settings

CUSTOMERS = (Role.CUSTOMER, Role.CUSTOMER_ADMIN)
_PERSON = """SELECT c.id, c.name, c.organisation, c.role FROM contacts c LEFT JOIN organisations o ON o.id = c.organisation
WHERE NOT c.erased AND ($1::text IS NULL OR o.ref = $1) AND ($2::text IS NULL OR c.id::text = $2 OR lower(c.email) = lower($2))
ORDER BY c.role <> $3, o.ref NULLS LAST, c.id LIMIT 1"""
_MANAGER = """
SELECT s.id, s.name, s.queues FROM store.staff s JOIN service_managers m ON m.manager = s.id JOIN organisations o ON o.id = m.audience
WHERE s.role = 'SERVICE_MANAGER' AND o.ref = ANY($1) AND m.from_at <= now() AND (m.to_at IS NULL OR now() < m.to_at)
GROUP BY s.id HAVING count(DISTINCT o.id) = $2 ORDER BY s.name LIMIT 1"""
_UNASSIGNED = """
SELECT id, name, queues FROM store.staff WHERE role = 'SERVICE_MANAGER' AND id NOT IN (SELECT manager FROM service_managers)
ORDER BY name LIMIT 1"""
_STAFF = "SELECT id, name, queues FROM store.staff WHERE role = $1 AND ($2::text IS NULL OR name = $2) ORDER BY name LIMIT 1"


class Token(NamedTuple):
    """A token and who it makes its bearer."""

    role: str
    who: str
    token: str


@click.command()
@click.option(
    "--role", type=click.Choice([role.value for role in Role], case_sensitive=False), required=True, help="Whose rights."
)
@click.option(
    "--organisation",
    "organisations",
    metavar="REF",
    multiple=True,
    help="Of a customer; those of a service manager (again for each).",
)
@click.option("--contact", metavar="REF", help="A customer's e-mail address or id; the first who fits when left out.")
@click.option("--name", help="A member of staff's or program's name.")
@click.option("--scope", "scopes", multiple=True, help="Of a program (again for each); all when left out.")
@click.option("--hours", type=click.IntRange(1, 24 * 31), default=12, show_default=True, help="How long it lasts.")
@click.option("--json", "as_json", is_flag=True, help="With role and name, as JSON.")
def token(
    role: str,
    organisations: tuple[str, ...],
    contact: str | None,
    name: str | None,
    scopes: tuple[str, ...],
    hours: int,
    as_json: bool,
) -> None:
    """Print a development token for a role. Refused outside development.

    \b
    Examples:  support token --role AGENT
               support token --role CUSTOMER --organisation acme
               curl -H "Authorization: Bearer $(support token --role ADMIN)" …
    """
    settings = load_settings()
    lifetime = timedelta(hours=hours)
    made = run_once(issued(settings, Role(role.upper()), organisations, contact, name, scopes, lifetime=lifetime))
    click.echo(json.dumps(made._asdict()) if as_json else made.token)


async def issued(
    settings: Settings,
    role: Role,
    organisations: tuple[str, ...] = (),
    contact: str | None = None,
    name: str | None = None,
    scopes: tuple[str, ...] = (),
    *,
    lifetime: timedelta = timedelta(hours=12),
) -> Token:
    """A token for somebody who fits; a service manager serves two organisations unless told which.

    click.ClickException when nobody fits, SettingsInvalid in production.
    """
    if settings.production:
        raise SettingsInvalid("SUPPORT_ENVIRONMENT=production: tokens for development are not made here")
    settings.require("token_secret")
    from services.gateway.access import Scope
    from services.gateway.auth import issue_token

    known = {scope.name for scope in Scope}
    if unknown := set(scopes) - known:
        raise click.BadParameter(f"there is no scope {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    async with reading(settings, "read") as connection:
        claims: dict[str, Any]
        if role in CUSTOMERS:
            claims = await _customer(connection, role, organisations, contact)
        elif role is Role.SERVICE:
            program = name or "example program"
            claims = {
                "subject": uuid5(NAMESPACE, f"program/{program}"),
                "name": program,
                "scopes": list(scopes or sorted(known)),
            }
        else:
            served = organisations if role is Role.SERVICE_MANAGER else ()
            claims = await _staff(connection, role, name, served)
            if role is Role.SERVICE_MANAGER:
                claims["organisations"] = await _organisations(connection, organisations)
    return Token(
        role.value,
        claims["name"],
        issue_token(settings.token_secret.get_secret_value(), role=role, lifetime=lifetime, **claims),
    )


async def _customer(connection: Any, role: Role, organisations: tuple[str, ...], contact: str | None) -> dict[str, Any]:
    if len(organisations) > 1:
        raise click.BadParameter("a customer belongs to one organisation")
    row = await connection.fetchrow(_PERSON, organisations[0] if organisations else None, contact, role.value)
    if row is None:
        fits = f" of {organisations[0]}" if organisations else ""
        raise click.ClickException(f"there is no such contact{fits}: register one, or start `support dev` with its demo data")
    return {"subject": row["id"], "name": row["name"] or "", "organisation": row["organisation"]}


async def _staff(connection: Any, role: Role, name: str | None, served: tuple[str, ...]) -> dict[str, Any]:
    """Whoever serves these organisations; else somebody whom no contract sends elsewhere, since contracts outdo a token's claim."""
    if served and name is None:
        refs = set(served)
        row = await connection.fetchrow(_MANAGER, [*refs], len(refs)) or await connection.fetchrow(_UNASSIGNED)
    else:
        row = await connection.fetchrow(_STAFF, role.value, name)
    if row is not None:
        return {"subject": row["id"], "name": row["name"], "queues": row["queues"]}
    somebody = name or f"Demo {role.value.replace('_', ' ').lower()}"
    return {"subject": uuid5(NAMESPACE, f"staff/{role.value}/{somebody}"), "name": somebody, "queues": ["support"]}


async def _organisations(connection: Any, refs: tuple[str, ...]) -> list[UUID]:
    rows = await connection.fetch(
        "SELECT id, ref FROM organisations WHERE NOT erased AND (cardinality($1::text[]) = 0 OR ref = ANY($1)) ORDER BY ref LIMIT $2",
        list(refs),
        len(refs) or 2,
    )
    if missing := set(refs) - {row["ref"] for row in rows}:
        raise click.ClickException(f"there is no organisation {', '.join(sorted(missing))}")
    return [row["id"] for row in rows]
