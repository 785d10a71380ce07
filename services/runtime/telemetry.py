"""What a process tells its operators: metrics, whether it lives and is ready, and traces.

Metrics are prometheus_client's (`Counter("support_…", …)` on the default registry). Spans are OpenTelemetry's, off unless
SUPPORT_TRACES says where they go; a trace context travels either way, so that an affair can be followed from a client's
request to another team's consumer. Metrics and spans carry types, codes and counts, never a value of anybody's data.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

Check = Callable[[], Awaitable[str | None]]
"""Ready? None, or in a few words why not."""

_TRACEPARENT = re.compile(r"\A(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?\Z")
_LONGEST_REQUEST = 8192


def metrics() -> tuple[bytes, str]:
    """What /metrics answers: the text and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


async def first_problem(checks: Mapping[str, Check], *, patience: float = 5.0) -> str | None:
    """Ask every check; "name: why" of the first that is not ready. A check that does not answer in time is not ready."""
    for name, check in checks.items():
        asked = asyncio.ensure_future(check())
        # Not wait_for, which waits for the cancelled check to end: one that asks a server which stands still does not.
        await asyncio.wait({asked}, timeout=patience)
        try:
            if not asked.done():
                asked.cancel()
                raise TimeoutError
            problem = asked.result()
        except Exception as error:
            problem = type(error).__name__
        if problem is not None:
            return f"{name}: {problem}"
    return None


@asynccontextmanager
async def health_server(host: str, port: int, checks: Mapping[str, Check]) -> AsyncIterator[int]:
    """/metrics, /livez and /readyz of a background process, while the block runs; gives the port (0 takes a free one).

    Plain asyncio: three answers need no framework, and uvicorn would take the process's signals.
    """

    async def answer(path: str) -> tuple[int, bytes, str]:
        match path:
            case "/metrics":
                return 200, *metrics()
            case "/livez":
                return 200, b"ok\n", "text/plain"
            case "/readyz":
                problem = await first_problem(checks)
                return (503, f"{problem}\n".encode(), "text/plain") if problem else (200, b"ok\n", "text/plain")
        return 404, b"here are /metrics, /livez and /readyz\n", "text/plain"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
            status, body, kind = (
                await answer(rest.split(" ")[0].split("?")[0]) if method in {"GET", "HEAD"} else (405, b"", "text/plain")
            )
            writer.write(
                f"HTTP/1.1 {status} {'OK' if status == 200 else 'no'}\r\ncontent-type: {kind}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                + (b"" if method == "HEAD" else body)
            )
            await asyncio.wait_for(writer.drain(), 5)
        writer.close()

    server = await asyncio.start_server(serve, host, port, limit=_LONGEST_REQUEST)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


def configure_traces(process: str, destination: str) -> None:
    """Send spans to `destination`: "console", or "off"."""
    if destination == "console":
        # Here, because a process that sends no spans need not load what sends them.
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

        provider = TracerProvider(resource=Resource.create({"service.name": f"support-{process}"}))
        provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
        trace.set_tracer_provider(provider)


@contextmanager
def span(name: str, traceparent: str | None = None, **attributes: str | int) -> Iterator[str]:
    """A span under `traceparent` (a new trace without one); gives the traceparent to hand on."""
    parent = _context(traceparent)
    around = trace.set_span_in_context(NonRecordingSpan(parent)) if parent else None
    tracer = trace.get_tracer("support")
    with tracer.start_as_current_span(name, context=around, attributes=attributes, record_exception=False) as current:
        context = current.get_span_context()
        yield _form(context) if context.is_valid else (traceparent if parent and traceparent else new_traceparent())


def new_traceparent() -> str:
    """The start of a trace that nobody records: ids to follow an affair by."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def parsed_traceparent(text: str | None) -> str | None:
    """A caller's header if it is well-formed (W3C Trace Context, level 1), None otherwise: then start a new one."""
    return text if text and len(text) == 55 and _TRACEPARENT.match(text) else None


def _context(traceparent: str | None) -> SpanContext | None:
    if parsed_traceparent(traceparent) is None or traceparent is None:
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _form(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
