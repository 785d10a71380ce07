"""migrate and restore: what the owner of the database does."""

from __future__ import annotations

from importlib.metadata import version

import click

from services.cli.running import run_once
from services.runtime.settings import Settings, load_settings


@click.command()
def migrate() -> None:
    """Bring the database to what this release needs: tables, functions, logins, grants, read models. As often as you like.

    Needs SUPPORT_POSTGRES_OWNER_DSN, and the passwords of the logins it makes. Only ever adds: the release before keeps running
    meanwhile, and what it alone used is dropped a release later. The relay makes the stream.

    \b
    Example:  support migrate
    """
    for line in run_once(bring_up_to_date(load_settings())):
        click.echo(line)


async def bring_up_to_date(settings: Settings) -> list[str]:
    """Do all that is missing; says what was done."""
    from services.cli.declared import PROJECTIONS
    from services.projector import prepare, retire
    from services.runtime.migrate import migrate

    applied = await migrate(settings.owner_dsn, settings)
    await prepare(settings, PROJECTIONS)
    dropped = await retire(settings, PROJECTIONS, version("support-desk"))
    done = [f"applied {name}" for name in applied] + [f"dropped {schema}, which no release uses any more" for schema in dropped]
    return done or ["the database is what this release needs"]
