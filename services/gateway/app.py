"""The HTTP application and its server: /graphql over HTTP, WebSocket and SSE, the schema, and what an operator asks of a process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from services.gateway import telling
from services.gateway.body import LIMIT
from services.gateway.execution import Engine
from services.gateway.explorer import Assets
from services.gateway.heads import BoundedHeads
from services.gateway.http import Door
from services.gateway.people.exporting import Downloads
from services.gateway.read_models import READ_MODELS
from services.gateway.schema import executable, printed
from services.gateway.services import Services, open_services
from services.gateway.websocket import Connection
from services.runtime.clock import Clock
from services.runtime.event_schemas import event_schemas
from services.runtime.settings import Settings
from services.runtime.telemetry import first_problem, metrics

log = logging.getLogger("support.gateway")


def create_app(services: Services) -> Starlette:
    """The application over services that are open."""
    engine = Engine(executable())
    door = Door(engine, services)
    topics = event_schemas(services.settings.source)

    async def socket(websocket: WebSocket) -> None:
        await Connection(websocket, engine, services).serve()

    async def schema(_: Request) -> Response:
        return PlainTextResponse(printed(), headers={"cache-control": "public, max-age=60"})

    async def event_schema(request: Request) -> Response:
        found = topics.get(request.path_params["topic"])
        if found is None:
            return PlainTextResponse("there is no such topic\n", 404)
        return JSONResponse(found, media_type="application/schema+json", headers={"cache-control": "public, max-age=3600"})

    async def livez(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        problem = await first_problem({"database": database, "read models": caught_up, "draining": draining})
        return PlainTextResponse(f"{problem}\n", 503) if problem else PlainTextResponse("ok\n")

    async def database() -> str | None:
        await services.readers.fetchval("SELECT 1")
        await services.customers.fetchval("SELECT 1")
        await services.store.head()
        return None

    async def caught_up() -> str | None:
        ready = await services.freshness.caught_up([(each.name, each.version) for each in READ_MODELS])
        return None if ready else "catching up"

    async def draining() -> str | None:
        return "yes" if services.draining.is_set() else None

    async def told(_: Request) -> Response:
        telling.APPENDING.set(services.store.depth)
        telling.DOCUMENTS.labels("yes").set(engine.documents.hits)
        telling.DOCUMENTS.labels("no").set(engine.documents.misses)
        text, kind = metrics()
        return Response(text, media_type=kind)

    async def home(_: Request) -> Response:
        return RedirectResponse("/graphql")

    return Starlette(
        routes=[
            Route("/", home),
            Route("/graphql", door.graphql, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", socket),
            Route("/exports/{id}", Downloads(services).answer, methods=["GET"]),
            Route("/schema.graphql", schema),
            Route("/schemas/{topic}.json", event_schema),
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", told),
            Mount("/explorer", Assets()),
        ]
    )


@contextlib.asynccontextmanager
async def serving(app: Starlette, services: Services, host: str, port: int) -> AsyncIterator[int]:
    """The application on a port while the block runs; gives the port (0 takes a free one).

    At its end it drains: feeds are told to come back, no new connection is taken, and what is in flight is finished.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="none",
        http=BoundedHeads,
        ws="websockets-sansio",
        ws_max_size=LIMIT,
        lifespan="off",
        proxy_headers=True,
        forwarded_allow_ips=services.settings.trusted_proxies,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=int(services.settings.drain_seconds) or 1,
        timeout_keep_alive=30,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    try:
        started = asyncio.create_task(server.up.wait())
        await asyncio.wait({started, running}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            started.cancel()
            await running
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        services.draining.set()
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    """Without signal handlers of its own: the process is told to stop by whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as gone:  # uvicorn ends the process when it cannot listen; the reason is ours to tell
            raise gone.__context__ or OSError("cannot listen") from None
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """The gateway process, until it is told to stop; then it drains."""
    async with open_services(settings, clock) as services:
        app = create_app(services)
        async with serving(app, services, settings.http_host, settings.http_port) as port:
            log.info("the gateway runs: GraphQL on http://%s:%d/graphql", settings.http_host, port)
            await stop.wait()


def write_schema(folder: Path) -> Path:
    """Write schema.graphql, for `support schemas`."""
    file = folder / "schema.graphql"
    file.write_text(printed(), encoding="utf-8")
    return file
