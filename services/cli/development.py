"""dev and seed: everything on this machine, with something to look at."""

from __future__ import annotations

import click

from services.cli.running import imported, run_once
from services.runtime.settings import load_settings


@click.command()
@click.option("--no-demo", is_flag=True, help="Start with an empty log instead of the demo data.")
@click.option("--external", is_flag=True, help="Start no server: SUPPORT_POSTGRES_DSN and SUPPORT_NATS_URL name them.")
@click.option("--logs", is_flag=True, help="Let the processes write to this terminal instead of SUPPORT_HOME/logs.")
def dev(no_demo: bool, external: bool, logs: bool) -> None:
    """Run everything on this machine: PostgreSQL, NATS, gateway, relay, projector, scheduler, with demo data.

    Data stays in SUPPORT_HOME (./.support): stop with Ctrl-C, start again, and all is as it was. A process that is killed is
    started again. A server that the settings name (SUPPORT_POSTGRES_DSN with SUPPORT_POSTGRES_OWNER_DSN, SUPPORT_NATS_URL) is used
    instead of the embedded one.

    \b
    Examples:  support dev
               SUPPORT_HTTP_PORT=8080 SUPPORT_NATS_PORT=4333 support dev --no-demo
    """
    course = imported("services.dev.run:run")
    describe = imported("services.cli.summary:describe")
    run_once(course(load_settings(), demo=not no_demo, external=external, logs=logs, describe=describe))
