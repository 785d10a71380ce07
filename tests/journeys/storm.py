"""Commands from clients that retry with their idempotency keys, while processes are killed. Bounded in count and time, on loopback."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from services.runtime.position import Position
from tests.journeys.running import RunningDesk

PROCESSES = ("relay", "projector", "gateway", "scheduler", "notifier")
OPEN = """mutation($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } version position errors { code message } } }"""
REPLY = (
    """mutation($input: ReplyToTicketInput!) { replyToTicket(input: $input) { version position errors { code message } } }"""
)
LONGEST = 300.0
"""Seconds after which a command that found no answer fails the test."""


@dataclass
class Storm:
    """What clients were answered: positions of accepted commands by idempotency key."""

    desk: RunningDesk
    token: str
    accepted: dict[str, Position] = field(default_factory=dict)
    retries: int = 0
    pace: float = 1.0
    """The share of its commands a client may have sent; whoever kills raises it, so that there are commands until the last kill."""

    async def send(self, commands: int, clients: int = 16) -> None:
        """Each client opens a ticket and replies to it, one command after the other."""
        shares = [len(range(number, commands, clients)) for number in range(clients)]
        limits = httpx.Limits(max_connections=clients)
        async with httpx.AsyncClient(base_url=self.desk.base, limits=limits, timeout=10) as http:
            await asyncio.gather(*(self._client(http, number, share) for number, share in enumerate(shares)))

    async def _client(self, http: httpx.AsyncClient, number: int, commands: int) -> None:
        ticket: str | None = None
        for turn in range(commands):
            key = f"storm-{number}-{turn}"
            while turn > self.pace * commands:
                await asyncio.sleep(0.02)
            if ticket is None or turn % 10 == 0:
                subject = {"kind": "REQUEST", "subject": f"Storm {number}.{turn}"}
                payload = await self._until_answered(http, key, "openTicket", OPEN, {"ticket": subject, "body": "Wind"})
                # The view may lag while the projector is down: the ticket is read again then, the command never repeated anew.
                ticket = payload["ticket"]["id"] if payload["ticket"] else None
            else:
                await self._until_answered(http, key, "replyToTicket", REPLY, {"ticketId": ticket, "body": f"Gust {turn}"})

    async def _until_answered(
        self, http: httpx.AsyncClient, key: str, name: str, query: str, input: dict[str, Any]
    ) -> dict[str, Any]:
        body = {"query": query, "variables": {"input": {**input, "idempotencyKey": key}}}
        async with asyncio.timeout(LONGEST):
            while True:
                answer = await self._ask(http, body)
                data = answer.get("data") if answer else None
                if data and data.get(name):
                    payload: dict[str, Any] = data[name]
                    assert payload["errors"] == [], payload
                    assert payload["position"] is not None
                    position = Position.parse(payload["position"])
                    assert self.accepted.setdefault(key, position) == position
                    if name != "openTicket" or payload["ticket"] is not None:
                        return payload
                self.retries += 1
                await asyncio.sleep(random.uniform(0.02, 0.2))

    async def _ask(self, http: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer = await http.post("/graphql", json=body, headers={"Authorization": f"Bearer {self.token}"})
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            return None
        return found


def pids(desk: RunningDesk, process: str) -> list[int]:
    """The pids of one process of this desk alone: children of its own supervisor."""
    assert desk.process is not None
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == desk.process.pid and b"services.cli" in words and process.encode() in words:
            found.append(int(entry.name))
    return found


async def kill_at_random(storm: Storm, rounds: int, processes: Sequence[str] = PROCESSES, pause: float = 1.0) -> dict[str, int]:
    """kill -9, round by round, one of the processes each; waits until the killed one is back before it may be hit again."""
    desk = storm.desk
    chance = random.Random(7)
    killed: dict[str, int] = dict.fromkeys(processes, 0)
    for number in range(rounds):
        storm.pace = (number + 1) / rounds
        process = processes[number % len(processes)] if number < len(processes) else chance.choice(list(processes))
        async with asyncio.timeout(LONGEST):
            while not (alive := pids(desk, process)):
                await asyncio.sleep(0.1)
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
        killed[process] += 1
        await asyncio.sleep(chance.uniform(0.2, 1.8) * pause)
    return killed
