"""What a process tells its operators, and what it never tells."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest

from services.runtime.logs import JsonLines, PlainLines
from services.runtime.telemetry import first_problem, health_server, new_traceparent, parsed_traceparent, span

pytestmark = pytest.mark.anyio


async def test_a_process_answers_metrics_livez_and_readyz() -> None:
    problem: str | None = "behind"

    async def caught_up() -> str | None:
        return problem

    async with (
        health_server("127.0.0.1", 0, {"log": caught_up}) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert (await client.get("/livez")).text == "ok\n"
        assert "process_cpu_seconds_total" in (await client.get("/metrics")).text
        waiting = await client.get("/readyz")
        assert (waiting.status_code, waiting.text) == (503, "log: behind\n")
        problem = None
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/else")).status_code == 404
        assert (await client.post("/livez")).status_code == 405


async def test_a_check_that_cannot_even_be_cancelled_is_not_ready_in_time() -> None:
    """As asyncpg's, which on cancellation asks a server that stands still."""
    thawed = asyncio.Event()

    async def frozen() -> str | None:
        try:
            await thawed.wait()
        except asyncio.CancelledError:
            await thawed.wait()
        return None

    async with asyncio.timeout(30):
        assert await first_problem({"database": frozen}, patience=0.1) == "database: TimeoutError"
    thawed.set()


async def test_a_check_that_fails_is_told_by_its_class_only() -> None:
    async def broken() -> str | None:
        raise ValueError("secret of a customer")

    async with health_server("127.0.0.1", 0, {"store": broken}) as port, httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/readyz")).text == "store: ValueError\n"


def test_a_trace_is_continued_when_it_is_well_formed_and_started_when_not() -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with span("append", given) as handed_on:
        assert handed_on.split("-")[1] == given.split("-")[1]
    for bad in (None, "", "x", given.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), given + "\r\nx: y", given.upper()):
        assert parsed_traceparent(bad) is None
        with span("append", bad) as started:
            assert parsed_traceparent(started) == started
    assert parsed_traceparent(new_traceparent())


def test_logs_name_an_exception_and_its_place_and_never_its_message() -> None:
    try:
        raise ValueError("marker@example.eu")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "append failed", None, (type(error), error, error.__traceback__)
        )
    record.code = "E1"
    plain, said = PlainLines("gateway").format(record), json.loads(JsonLines("gateway").format(record))
    assert "marker" not in plain
    assert "ValueError at test_telemetry.py" in plain
    assert "marker" not in json.dumps(said)
    assert (said["level"], said["process"], said["code"]) == ("error", "gateway", "E1")
    assert "marker" in PlainLines("gateway", whole=True).format(record)
