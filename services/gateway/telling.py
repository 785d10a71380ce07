"""What the gateway tells its operators: requests by kind, what is under way, live feeds. Kinds and codes only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram

from services.gateway.execution import Answer
from services.gateway.failures import Code, RequestFailed

REQUESTS = Counter("support_gateway_requests", "Operations answered", ["kind", "outcome"])
SECONDS = Histogram(
    "support_gateway_request_seconds", "Time from a parsed request to its answer", ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
UNDER_WAY = Gauge("support_gateway_requests_under_way", "Operations being answered")
FEEDS = Gauge("support_gateway_subscriptions", "Live feeds that are open")
CONNECTIONS = Gauge("support_gateway_websockets", "WebSocket connections that are open")
APPENDING = Gauge("support_gateway_append_queue", "Commands that wait to be appended")
DOCUMENTS = Gauge("support_gateway_documents", "Look-ups in the cache of documents since the start", ["found"])
MOST = 1000
"""Operations under way at once; more would only wait for connections until their clients are gone."""
_under_way = 0


@contextmanager
def observed(kind: str) -> Iterator[Callable[[Answer], None]]:
    """Count and time one operation; call what it gives with the answer. OVERLOADED when too many are under way."""
    global _under_way  # noqa: PLW0603 - of the process, as the gauge is
    if _under_way >= MOST:
        REQUESTS.labels(kind, Code.OVERLOADED.value).inc()
        raise RequestFailed(Code.OVERLOADED, "Too much at once; nothing was done. Send it again in a moment.")
    outcome = "failed"

    def note(answer: Answer) -> None:
        nonlocal outcome
        errors = answer.body.get("errors")
        outcome = errors[0]["extensions"]["code"] if errors else "ok"

    began = perf_counter()
    _under_way += 1
    UNDER_WAY.inc()
    try:
        yield note
    finally:
        _under_way -= 1
        UNDER_WAY.dec()
        REQUESTS.labels(kind, outcome).inc()
        SECONDS.labels(kind).observe(perf_counter() - began)
