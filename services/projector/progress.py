"""How far a long job is: a bar in a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_EVERY = 2.0
"""Seconds between two lines where there is no terminal."""


Report = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def silent(_done: int, _total: int) -> None:
    """For those who do not watch."""


@contextmanager
def shown(what: str, of: str = "events", *, to: TextIO | None = None) -> Iterator[Report]:
    """A report that shows itself on `to` (stderr), so that stdout stays what the command is about."""
    out = to or sys.stderr
    if out.isatty():
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(of),
            _Rate(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(file=out), transient=False) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    said = began = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _EVERY or done >= total:
            said = now
            share = 100 if total == 0 else 100 * done // total
            rate = done / max(now - began, 1e-6)
            left = f", {(total - done) / rate:.0f} s left" if 0 < done < total else ""
            out.write(f"{what}: {done} of {total} {of}, {share} %, {rate:,.0f}/s, {now - began:.0f} s{left}\n")
            out.flush()

    yield line
