"""Ratios against named peers, measured within one run: `python -m tests.bench [names…]` (make bench).

A module here says `async def run(ground: Ground) -> dict[str, Ratio]`. Both sides of a ratio run in alternation, at least five
rounds, on the same machine in the same minute, and the peer is written to win.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.ground import Databases, TestDatabase

Measure = Callable[[], Awaitable[float]]


@dataclass
class Ground:
    """What a bench stands on: a PostgreSQL with the server's default durability, and a folder of its own."""

    databases: Databases
    home: Path
    rounds: int = 5

    def database(self) -> TestDatabase:
        """A fresh, migrated database."""
        return self.databases.fresh()


@dataclass
class Ratio:
    """Figures of both sides, one a round. `target` is a floor, or with `at_most` a ceiling; without one the ratio is only stated."""

    unit: str
    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    target: float | None = None
    at_most: bool = False

    @property
    def value(self) -> float:
        """The median of the rounds' ratios: both sides of a round ran in the same moment, whatever else the machine did."""
        return median(self._rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest ratio of one round."""
        return min(self._rounds), max(self._rounds)

    @property
    def _rounds(self) -> list[float]:
        return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=True)]

    @property
    def reached(self) -> bool:
        if self.target is None:
            return True
        return self.value <= self.target if self.at_most else self.value >= self.target


async def alternate(ratio: Ratio, ours: Measure, peer: Measure, rounds: int) -> Ratio:
    """Measure both sides in turns. Who begins changes with every round."""
    for number in range(rounds):
        sides = [(ours, ratio.ours), (peer, ratio.peer)]
        for measure, figures in sides if number % 2 else reversed(sides):
            figures.append(await measure())
    return ratio
