"""certificate: what was destroyed when a person or an organisation was erased, for whoever has to prove it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import click

from services.cli.running import run_once
from services.runtime.settings import Settings, load_settings


@click.command()
@click.argument("subject", type=click.UUID)
def certificate(subject: UUID) -> None:
    """Print the certificate of an erasure as JSON. SUBJECT is the id of the contact or organisation, as in the log.

    It is made from the log and can be asked for again. Exits with 1 where nobody of that id was erased.

    \b
    Example:  support certificate 0199a1de-0001-7000-8000-000000000001
    """
    found = run_once(certified(load_settings(), subject))
    if found is None:
        raise click.ClickException("nobody of this id was erased")
    click.echo(json.dumps(found, indent=2))


async def certified(settings: Settings, subject: UUID) -> dict[str, Any] | None:
    """The certificate as it is printed; None where nobody of that id was erased."""
    import msgspec

    from projections import erasures
    from services.cli.declared import PROJECTIONS
    from services.cli.wiring import reading

    async with reading(settings, "read") as pool:
        found = await erasures.certificate(pool, subject, PROJECTIONS)
    if found is None:
        return None
    made: dict[str, Any] = msgspec.to_builtins(found)
    return made
