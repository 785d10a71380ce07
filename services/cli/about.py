"""settings and schemas: what this installation is set to, and what it promises others in writing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from services.cli.running import imported
from services.runtime.origins import origins
from services.runtime.settings import PREFIX, Settings, is_secret, load_settings, plain, variable


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object by variable, for other programs.")
def settings(as_json: bool) -> None:
    """Show the effective settings, where each came from, and what each is for. Secrets are masked.

    \b
    Examples:  support settings
               support settings --json | jq .SUPPORT_HTTP_PORT
    """
    effective = load_settings()
    found = origins(effective)
    rows = [
        (variable(name), _shown(effective, name), found[name], Settings.model_fields[name].description or "") for name in found
    ]
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in {row[0] for row in rows})
    if as_json:
        click.echo(
            json.dumps({name: {"value": value, "from": origin, "is": about} for name, value, origin, about in rows}, indent=1)
        )
        return
    for name, value, origin, about in rows:
        click.echo(f"{click.style(name, bold=True)}={'' if value is None else value}   {click.style(f'({origin})', dim=True)}")
        click.echo(click.style(f"    {about}", dim=True))
    for name in unknown:
        click.echo(f"{name} is set but is no setting of ours", err=True)


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when a file is stale.")
def schemas(check: bool) -> None:
    """Write the generated files: schema.graphql, and the JSON Schema of every event.

    \b
    Examples:  support schemas
               support schemas --check
    """
    root = Path(__file__).resolve().parents[2]
    stale = imported("services.cli.generated:stale")(root) if check else imported("services.cli.generated:write")(root)
    for file in stale:
        click.echo(f"{file.relative_to(root)} {'is stale: run `make schemas`' if check else 'written'}")
    sys.exit(1 if check and stale else 0)


def _shown(effective: Settings, name: str) -> object:
    value = plain(getattr(effective, name))
    if is_secret(name):
        return "********" if value else None
    return value if value is None or isinstance(value, int | float) else str(value)
