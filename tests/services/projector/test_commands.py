"""`support projections`, `rebuild` and `verify`, as an operator types them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from random import Random
from typing import Any

from uuid_utils.compat import uuid7

from projections.all import ALL
from tests.services.projector.ground import Ground
from tests.services.projector.kills import affair
from tests.services.recording import act


async def _support(desk: Ground, *arguments: str) -> tuple[int, str, str]:
    environment = {
        **os.environ,
        "SUPPORT_HOME": str(desk.settings.home),
        "SUPPORT_POSTGRES_DSN": str(desk.settings.postgres_dsn),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", *arguments, env=environment, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_an_operator_sees_what_is_parked_replays_it_rebuilds_and_verifies(desk: Ground) -> None:
    ticket = affair(Random(1), [uuid7()], [uuid7()], "10001")
    await desk.recording.writer.add(act(), ticket)
    await desk.recording.as_owner("UPDATE store.stored_events SET state = '{' WHERE notification_id = 2")
    await desk.project(*ALL)

    code, out, _ = await _support(desk, "projections", "list", "ticket_timeline", "--json")
    state: dict[str, Any] = json.loads(out)[0]
    assert (code, state["state"], state["lag_events"]) == (0, "BLOCKED", 0)
    assert state["parked_streams"] == 1
    _, out, _ = await _support(desk, "projections", "parked", "ticket_timeline")
    assert "ticket.message_received.v1" in out
    assert "Undecodable" in out

    code, out, _ = await _support(desk, "projections", "replay", "ticket_timeline")
    assert code == 1
    assert "0 events went through" in out
    code, out, _ = await _support(desk, "verify", "organisations", "contacts")
    assert code == 1  # this ticket was recorded without the look-up of its number
    assert f"store.lookups: kind ticket_ref, owner {ticket.id}: missing" in out
    await desk.recording.as_owner("INSERT INTO store.lookups VALUES ('ticket_ref', '\\x01', $1, NULL)", ticket.id)

    code, out, err = await _support(desk, "rebuild", "ticket_timeline")
    assert code == 0, err
    assert "ticket_timeline was rebuilt" in out
    assert "100 %" in err
    _, out, _ = await _support(desk, "projections", "lag", "--json")
    assert {row["lag_events"] for row in json.loads(out) if row["name"] == "ticket_timeline"} == {0}
    code, out, err = await _support(desk, "verify", "--json")
    verdict = json.loads(out)
    assert (code, verdict["equal"], verdict["differences"]) == (0, True, [])

    await desk.fetch("DELETE FROM ticket_entries", schemas=["ticket_timeline_v1"])
    code, out, _ = await _support(desk, "verify", "ticket_timeline")
    assert code == 1
    assert "NOT equal" in out
    assert "load balancer" not in out
