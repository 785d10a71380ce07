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


@click.command()
@click.option(
    "--kept-through", type=click.IntRange(0), help="The position the store was restored to, where the stream cannot tell."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(kept_through: int | None, yes: bool) -> None:
    """Begin a new epoch after the database was restored to an earlier point, or failed over and lost its tail.

    Needs SUPPORT_POSTGRES_OWNER_DSN and the admin's login at NATS. What was lost stays lost; what is recorded from now on is of
    another line, so nobody takes it for one of the lost facts. The relay then makes the stream anew and the read models catch up, both by
    themselves. When the stream was behind or is gone too, it cannot tell what was lost: name the position the backup ended at.

    \b
    Examples:  support restore
               support restore --kept-through 184467 --yes
    """
    if not yes:
        click.confirm("Was the database restored or failed over, and is this the one to go on with?", abort=True)
    click.echo(run_once(begin_anew(load_settings(), kept_through)))


async def begin_anew(settings: Settings, kept_through: int | None) -> str:
    """Begin the epoch; says which, and what became of the one before."""
    from uuid import uuid4

    from services.runtime import bus
    from services.runtime.clock import Clock
    from services.runtime.restore import begin_epoch

    client = await bus.connect(bus.credentials(settings, "admin"), "support restore", forever=False)
    try:
        restored = await begin_epoch(
            settings.owner_dsn, client, at=Clock(settings.clock_file).now(), correlation=uuid4(), kept_through=kept_through
        )
    finally:
        await client.close()
    lost = restored.lost_through - restored.kept_through
    return f"epoch {restored.epoch} begins: all up to position {restored.kept_through} is as it was, " + (
        f"{lost} facts after it are lost to those who read them" if lost else "no other fact was ever published after it"
    )
