"""The console script `support`: one command a process or task. The only place that wires things together.

A command's module is imported when it is asked for, so `support --help` is quick and a relay never loads a gateway.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

COMMANDS = {
    "dev": ("development", "Run everything on this machine, with demo data."),
    "token": ("tokens", "Print a development token for a role."),
    "seed": ("development", "Record the demo organisations, people and tickets."),
    "gateway": ("processes", "Serve GraphQL over HTTP and WebSocket."),
    "relay": ("processes", "Publish the log on NATS, in order."),
    "projector": ("processes", "Keep the read models up to date."),
    "scheduler": ("processes", "Record what time brings: SLA warnings, wake-ups, closings."),
    "notifier": ("processes", "Decide who is to be told, and queue the messages."),
    "migrate": ("database", "Bring database and stream to what this release needs."),
    "verify": ("projections", "Prove that the read models say what the log says."),
    "rebuild": ("projections", "Build a read model anew beside the live one."),
    "pack": ("packs", "Show review packs, and reproduce them from the log."),
    "projections": ("projections", "List read models, their lag and what is parked."),
    "untold": ("untold", "List what the notifier could not tell, and try it again."),
    "restore": ("database", "Begin a new epoch after the database was restored from a backup."),
    "certificate": ("certificate", "Print what was destroyed when somebody was erased."),
    "outbox": ("outbox", "Show the messages that wait to be sent."),
    "settings": ("about", "Show the effective settings and where each came from."),
    "schemas": ("about", "Write the generated files: GraphQL schema and event schemas."),
    "policies": ("policies", "Check and apply the policy file."),
}


class Commands(click.Group):
    """Commands by name, imported on demand; failures become one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            importlib.import_module(f"services.cli.{COMMANDS[cmd_name][0]}"), cmd_name.replace("-", "_")
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except Exception as error:
            if os.environ.get("SUPPORT_LOG_LEVEL", "").lower() == "debug":
                raise
            from services.cli.failures import sentence

            text, code = sentence(error)
            click.echo(text, err=True)
            sys.exit(code)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Settings come from the environment (SUPPORT_…) or mounted files; `support settings` lists them all.",
)
@click.version_option(package_name="support-desk", prog_name="support")
def main() -> None:
    """Support Desk: tickets as events, live read models, one GraphQL gateway.

    \b
    Start here:   support dev
    Then:         support token --role AGENT
    """
