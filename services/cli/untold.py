"""untold: the events that the notifier could not deal with, so that nobody was told of them, or not all; and to try again."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from services.cli.running import run_once
from services.runtime.settings import load_settings

LIST = "SELECT position, epoch, topic, error, attempts, again, since FROM notifier.parked ORDER BY epoch, position LIMIT 100"
AGAIN = """UPDATE notifier.parked SET again = true WHERE $1::bigint[] = '{}' OR position = ANY($1) RETURNING position"""
WAKE = "SELECT pg_notify('support_appended', '')"
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, for other programs.")


@click.group(invoke_without_command=True)
@_JSON
@click.pass_context
def untold(ctx: click.Context, as_json: bool) -> None:
    """List what the notifier has passed over, oldest first, at most 100. Exit code 1 when there is something.

    It tries an event five times and goes on without it, so that one stands in nobody's way. Whom it had told before it failed
    is told no second time by `retry`.

    \b
    Examples:  support untold
               support untold retry 4711
    """
    if ctx.invoked_subcommand is not None:
        return
    rows = run_once(_rows(LIST))
    if as_json:
        click.echo(json.dumps(rows, default=str, indent=1))
    elif not rows:
        click.echo("nothing was passed over")
    for row in [] if as_json else rows:
        again = "  will be tried again" if row["again"] else ""
        click.echo(
            f"{row['topic']}  position {row['position']}  {row['error']}  passed over {row['attempts']}×"
            f"  since {row['since']:%Y-%m-%d %H:%M}{again}"
        )
    sys.exit(1 if rows else 0)


@untold.command()
@click.argument("positions", type=int, nargs=-1)
def retry(positions: tuple[int, ...]) -> None:
    """After a fix: let the running notifier try these positions again, or all. What it still cannot deal with stays listed.

    \b
    Example:  support untold retry && sleep 5 && support untold
    """
    found = [row["position"] for row in run_once(_rows(AGAIN, list(positions)))]
    for unknown in sorted(set(positions) - set(found)):
        click.echo(f"nothing was passed over at position {unknown}", err=True)
    click.echo(f"{len(found)} will be tried again by the notifier that leads, within a moment")
    sys.exit(1 if set(positions) - set(found) else 0)


async def _rows(statement: str, *arguments: object) -> list[dict[str, Any]]:
    from services.runtime.postgres import Login

    connection = await Login(load_settings().postgres("project")).connect()
    try:
        rows = [dict(row.items()) for row in await connection.fetch(statement, *arguments)]
        await connection.execute(WAKE)
    finally:
        await connection.close()
    return rows
