"""Projectors as processes of their own, killed at random while the log grows; and tickets to fill the log with."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.policies import queue_id
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import Channel, CloseCause, Resolution, TicketKind
from projections.all import ALL
from services.projector.verify import Verdict, verify
from services.runtime.settings import Settings
from tests.services.parcel import NOON
from tests.services.projector.ground import Ground
from tests.services.recording import act

WORDS = "the load balancer in front of our shop answers with 502 since this morning and nobody changed anything on it"
ROOT = Path(__file__).parents[3]


def affair(lot: Random, people: Sequence[UUID], organisations: Sequence[UUID], ref: str) -> Ticket:
    """A ticket from its opening to its closing, with texts of some length."""
    requester = lot.choice(people)
    ticket = Ticket.open(
        id=uuid7(),
        at=NOON,
        ref=ref,
        kind=TicketKind.INCIDENT,
        subject=said(lot, 6),
        requester=requester,
        organisation=lot.choice(organisations),
        queue=queue_id("support"),
        channel=Channel.PORTAL,
    )
    ticket.receive_message(at=NOON, entry=uuid7(), author=requester, channel=Channel.PORTAL, body=said(lot, 60))
    ticket.assign(uuid7(), at=NOON)
    ticket.send_reply(at=NOON, entry=uuid7(), body=said(lot, 80), by_human=True)
    ticket.add_internal_note(at=NOON, entry=uuid7(), body=said(lot, 30))
    ticket.receive_message(at=NOON, entry=uuid7(), author=requester, channel=Channel.PORTAL, body=said(lot, 40))
    ticket.resolve(Resolution.SOLVED, at=NOON, reopenable_until=NOON + timedelta(days=14))
    ticket.close(at=NOON, because=CloseCause.STAFF, reopenable_until=NOON + timedelta(days=14))
    return ticket


def said(lot: Random, words: int) -> str:
    return " ".join(lot.choices(WORDS.split(), k=words))


class Projector:
    """`support projector`, as an operator runs it."""

    def __init__(self, settings: Settings, logs: Path) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SUPPORT_")},
            "SUPPORT_HOME": str(settings.home),
            "SUPPORT_POSTGRES_DSN": str(settings.postgres_dsn),
            "SUPPORT_NATS_URL": str(settings.nats_url or "nats://127.0.0.1:1"),
        }
        self._logs = logs
        self._said = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._logs.open("ab") as logs:
            self._said = logs.tell()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.cli", "projector", cwd=ROOT, env=self._environment, stdout=logs, stderr=logs
            )

    async def drains(self) -> bool:
        """SIGTERM, once it listens to it: whether it ends well."""
        async with asyncio.timeout(60):
            while "projector runs" not in self._logs.read_text()[self._said :]:
                await asyncio.sleep(0.1)
        return await self.end(signal.SIGTERM) == 0

    async def end(self, by: signal.Signals) -> int:
        """Its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(by)
        return await asyncio.wait_for(self._process.wait(), 30)


async def killed_while_the_log_grows(desk: Ground, settings: Settings, logs: Path, *, kills: int, tickets: int) -> Verdict:
    """Two projectors, of which a random one is killed without warning and started again. Returns what `verify` says at the end."""
    lot = Random()
    people, organisations = [uuid7() for _ in range(30)], [uuid7() for _ in range(5)]

    async def write() -> None:
        for first in range(0, tickets, 8):
            await asyncio.gather(
                *(desk.recording.writer.add(act(), affair(lot, people, organisations, str(n))) for n in range(first, first + 8))
            )
            await asyncio.sleep(0.02)

    projectors = [Projector(settings, logs / f"projector-{n}.log") for n in range(2)]
    for projector in projectors:
        await projector.start()
    writing = asyncio.create_task(write())
    for _ in range(kills):
        victim = lot.choice(projectors)
        await _moves(desk)
        await asyncio.sleep(lot.uniform(0, 0.3))
        await victim.end(signal.SIGKILL)
        await victim.start()
    await writing
    await desk.caught_up(*ALL, patience=120)
    assert [await projector.drains() for projector in projectors] == [True, True]
    return await verify(desk.connect, ALL, desk.reader.fresh())


async def _moves(desk: Ground, looks: int = 150) -> None:
    """Wait until some projector commits, but not for ever: there may be nothing to do."""
    connection = await desk.connect([])
    try:
        before = None
        for _ in range(looks):
            now = await connection.fetchval("SELECT sum(position) FROM projector.checkpoints")
            if before is not None and now != before:
                return
            before = now
            await asyncio.sleep(0.02)
    finally:
        await connection.close()
