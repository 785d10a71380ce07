"""outbox: the messages that would go out, with their texts, so that a newcomer can follow a link without a mail server."""

from __future__ import annotations

import json
from typing import Any

import click

from services.cli.running import run_once
from services.runtime.settings import Settings, SettingsInvalid, load_settings

PAGE = 1000
_FATES = "SELECT originator_id FROM store.stored_events WHERE originator_id = ANY($1::uuid[]) AND topic = $2"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One message a line, as JSON.")
@click.option("--last", type=click.IntRange(1, PAGE), default=20, show_default=True, help="How many, the newest.")
def outbox(as_json: bool, last: int) -> None:
    """Show the messages that wait to be sent. Refused outside development.

    HELD waits for the end of quiet hours; SUPPRESSED is not to be sent any more. A text whose key was destroyed, because its token was
    used or its recipient was erased, shows as nothing.

    \b
    Examples:  support outbox --json | tail -1
               support outbox --json --last 100 | jq -r 'select(.state == "HELD") | .not_before'
    """
    for message in run_once(queued(load_settings(), last)):
        if as_json:
            click.echo(json.dumps(message))
            continue
        until = f" until {message['not_before']}" if message["state"] == "HELD" else ""
        to = f"{message['channel']}  to {message['to'] or '(erased)'}"
        click.echo(f"{message['at']}  {message['state']}{until}  {to}  {message['subject'] or ''}")
        if message["thread"]:
            click.echo(f"    Message-ID: {message['thread']['message_id']}")
            click.echo(f"    References: {' '.join(message['thread']['references'])}")
        click.echo("".join(f"    {line}\n" for line in (message["text"] or "(unreadable)").splitlines()))


async def queued(settings: Settings, last: int = 20) -> list[dict[str, Any]]:
    """The newest messages, oldest first. SettingsInvalid in production."""
    if settings.production:
        raise SettingsInvalid("SUPPORT_ENVIRONMENT=production: messages are not shown here")
    import services.cli.declared  # noqa: F401 - every topic
    from domain.deliveries.events import DeliveryQueued, DeliverySuppressed
    from services.runtime.clock import Clock
    from services.runtime.codec import Codec
    from services.runtime.event_log import EventLog
    from services.runtime.keys import Keyring, Vault
    from services.runtime.postgres import Login

    pool = await Login(settings.postgres("project")).pool(largest=1)
    try:
        rows = await EventLog(pool).newest(DeliveryQueued.TOPIC, last)
        keys = await Keyring(pool, Vault(settings.key_encryption)).open_for(rows)
        events = [Codec().event(row, keys) for row in rows]
        fates = await pool.fetch(_FATES, [row.stream for row in rows], DeliverySuppressed.TOPIC)
    finally:
        await pool.close()
    gone, now = {row[0] for row in fates}, Clock(settings.clock_file).now()

    def state(event: DeliveryQueued) -> str:
        if event.originator_id in gone:
            return "SUPPRESSED"
        return "HELD" if event.not_before is not None and event.not_before > now else "QUEUED"

    return [_shown(event, state(event)) for event in events if isinstance(event, DeliveryQueued)]


def _shown(event: Any, state: str) -> dict[str, Any]:
    thread = event.thread and {"message_id": event.thread.message_id, "references": list(event.thread.references)}
    return {
        "at": event.timestamp.isoformat(),
        "state": state,
        "not_before": event.not_before.isoformat() if event.not_before else None,
        "channel": event.channel.value,
        "about": event.about,
        "for": f"{event.aggregate}/{event.subject_id}",
        "to": event.to.value,
        "subject": event.subject.value if event.subject else None,
        "text": event.text.value,
        "thread": thread,
    }
