"""gateway, relay, projector, scheduler, notifier: each runs until it is told to stop, then finishes what is in flight."""

from __future__ import annotations

import click

from services.cli import wiring
from services.cli.running import run_process


@click.command()
def gateway() -> None:
    """Serve GraphQL over HTTP and WebSocket.

    Explorer and endpoint are at /graphql, the schema at /schema.graphql, probes at /livez and /readyz, figures at /metrics.
    SIGTERM stops taking requests and finishes those in flight.

    \b
    Example:  SUPPORT_HTTP_PORT=8080 support gateway
    """
    run_process("gateway", wiring.run_gateway)


@click.command()
def relay() -> None:
    """Publish the log on NATS, one message a position, in order.

    Run two: one leads, the other stands by. Stops with a clear message when stream and log tell different stories.

    \b
    Example:  SUPPORT_METRICS_PORT_RELAY=9101 support relay
    """
    run_process("relay", wiring.run_relay)


@click.command()
def projector() -> None:
    """Keep the read models up to date.

    Reads NATS first, and the log itself when NATS is silent or behind. A second one waits for the first.

    \b
    Example:  SUPPORT_METRICS_PORT_PROJECTOR=9102 support projector
    """
    run_process("projector", wiring.run_projector)


@click.command()
def scheduler() -> None:
    """Record what time brings: SLA targets that come near or pass, snoozed tickets that wake, resolved ones that close.

    Run as many as you like: each due moment is recorded once.

    \b
    Example:  SUPPORT_METRICS_PORT_SCHEDULER=9103 support scheduler
    """
    run_process("scheduler", wiring.run_scheduler)


@click.command()
def notifier() -> None:
    """Decide who is to be told of what happened, and queue the finished messages.

    Status posts go to subscribers and to the people of linked tickets; other matters to those whose they are. Run as many as you like:
    one leads, the others stand by. What happened before its first start is told to nobody. `support outbox` shows what is queued.

    \b
    Example:  SUPPORT_METRICS_PORT_NOTIFIER=9104 support notifier
    """
    run_process("notifier", wiring.run_notifier)
