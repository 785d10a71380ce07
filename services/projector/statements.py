"""In which order a batch's statements run: every stream's in its own order, and as few round trips as that allows.

Streams are independent (a handler writes only rows of its own stream), so statements with the same text from different streams go
to the server in one `executemany`. Each stream is a queue; whichever text stands first in most queues runs next, with all the
consecutive statements of that text in those queues. Five hundred events of the same kind are one round trip, five hundred of one
stream in turn of two kinds are five hundred, as one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from projections.database import Statement


def grouped(streams: Iterable[Sequence[Statement]]) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """SQL texts, each with the arguments to run it with, in an order that keeps the order within every stream."""
    waiting: dict[str, list[list[Statement]]] = {}
    for statements in streams:
        if statements:
            queue = list(reversed(statements))
            waiting.setdefault(queue[-1][0], []).append(queue)
    while waiting:
        sql = max(waiting, key=lambda text: len(waiting[text]))
        arguments: list[tuple[object, ...]] = []
        for queue in waiting.pop(sql):
            while queue and queue[-1][0] == sql:
                arguments.append(queue.pop()[1])
            if queue:
                waiting.setdefault(queue[-1][0], []).append(queue)
        yield sql, arguments
