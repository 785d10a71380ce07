"""`support dev` as a newcomer starts it, in a folder and on ports of its own, and real clients of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.websockets import WebsocketsTransport

from projections.viewer import Role
from services.cli.outbox import queued
from services.cli.tokens import issued, token
from services.runtime.clock import Clock
from services.runtime.embedded.process import ends_with_us, free_port
from services.runtime.settings import load_settings
from tests.ground import apart

ROOT = Path(__file__).parents[2]
SUPPORT = (sys.executable, "-m", "services.cli")
START_UP = 120.0
"""Seconds after which a start counts as failed. No test asserts how long it takes."""

BEGINS = datetime(2027, 10, 1, 6, tzinfo=UTC)
"""What time it is on a shared desk when it starts, whenever that is; a month before the end of summer time."""


def shifted_to(instant: datetime) -> str:
    """A clock by which it is that instant now, and which runs."""
    return f"PT{(instant - datetime.now(UTC)).total_seconds():.6f}S".replace("PT-", "-PT")


@dataclass
class RunningDesk:
    """One `support dev`. `ports` of HTTP and NATS; stop it and start it again and it is as it was."""

    home: Path
    http_port: int
    nats_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SUPPORT_")}
        ports = {"SUPPORT_HTTP_PORT": str(self.http_port), "SUPPORT_NATS_PORT": str(self.nats_port)}
        clock = {"SUPPORT_CLOCK_FILE": str(self.clock)} if self.clock.exists() else {}
        return {**kept, **ports, **clock, "SUPPORT_DEMO": "small", "SUPPORT_HOME": str(self.home), "PYTHONPATH": str(ROOT)}

    @property
    def clock(self) -> Path:
        """Written before the start, it drives the time of all processes."""
        return self.home.parent / f"{self.home.name}.clock"

    def now(self) -> datetime:
        """What time it is for all processes."""
        return Clock(self.clock if self.clock.exists() else None).now()

    def pass_to(self, instant: datetime) -> None:
        """Let it be that instant exactly, and stand still. Time is never turned back."""
        assert instant >= self.now(), f"it is {self.now()} already: nobody goes back to {instant}"
        self.clock.write_text(instant.isoformat())

    def later(self, **duration: float) -> None:
        """Let so much time pass, as `timedelta(**duration)`; it goes on from there."""
        self.clock.write_text(shifted_to(self.now() + timedelta(**duration)))

    @property
    def output(self) -> Path:
        return self.home.parent / f"{self.home.name}.out"

    def start(self, *arguments: str) -> None:
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                [*SUPPORT, "dev", *arguments],
                cwd=self.home.parent,
                env=self.environment,
                stdout=out,
                stderr=out,
                preexec_fn=ends_with_us(signal.SIGTERM),
            )
        said_before = self.said().count("Ctrl-C stops it")
        until = time.monotonic() + START_UP
        while self.said().count("Ctrl-C stops it") == said_before or not self._ready():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(90)
        self.process = None
        return code

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def support(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Any other command of the console script, on the same home."""
        command = [*SUPPORT, *arguments]
        environment = self.environment
        if arguments[0] != "dev":
            environment |= {"COLUMNS": "200"}
        done = subprocess.run(
            command, cwd=self.home.parent, env=environment, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0 or not check, f"support {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def token(self, role: str, *arguments: str) -> str:
        """As `support token --role` with these arguments, without the second that a process takes to start."""
        given = token.make_context("token", ["--role", role, *arguments]).params
        settings, lifetime = load_settings(home=self.home), timedelta(hours=given["hours"])
        who = (tuple(given["organisations"]), given["contact"], given["name"], tuple(given["scopes"]))
        return apart(issued(settings, Role(given["role"].upper()), *who, lifetime=lifetime)).token

    def outbox(self) -> list[dict[str, Any]]:
        """The messages that `support outbox` shows, newest last."""
        return apart(queued(load_settings(home=self.home), 100))

    def as_role(self, token: str | None) -> Client:
        """A GraphQL client over HTTP."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return Client(transport=AIOHTTPTransport(f"{self.base}/graphql", headers=headers), execute_timeout=30)

    def live(self, token: str | None) -> Client:
        """A GraphQL client over WebSocket, for subscriptions."""
        transport = WebsocketsTransport(
            f"ws://127.0.0.1:{self.http_port}/graphql",
            init_payload={"Authorization": f"Bearer {token}"} if token else {},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        return Client(transport=transport, execute_timeout=30)

    def setting(self, name: str) -> str:
        """An effective setting that is no secret."""
        found = json.loads(self.support("settings", "--json").stdout)
        return str(found[name]["value"])

    def secret(self, name: str) -> str:
        made: str = json.loads((self.home / "secrets.json").read_text())[name]
        return made

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.base}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def running_desk(folder: Path, *arguments: str, clock: str | None = None) -> Iterator[RunningDesk]:
    """Everything, until the block ends; whatever happens, nothing of it is left."""
    desk = RunningDesk(folder / "home", free_port(), free_port())
    if clock is not None:
        desk.clock.write_text(clock)
    try:
        desk.start(*arguments)
        yield desk
    finally:
        if desk.process is not None:
            desk.process.send_signal(signal.SIGINT)
            try:
                desk.process.wait(90)
            except subprocess.TimeoutExpired:
                desk.process.kill()


def asked(document: GraphQLRequest, variables: dict[str, Any]) -> GraphQLRequest:
    """A document with its variables."""
    return GraphQLRequest(document.document, variable_values=variables)


@asynccontextmanager
async def listening(
    client: Client, document: GraphQLRequest, variables: dict[str, Any]
) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """What a subscription sends, as it comes, until the block ends."""
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with client as session:

        async def listen() -> None:
            async for message in session.subscribe(asked(document, variables)):
                heard.put_nowait(message)

        task = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
