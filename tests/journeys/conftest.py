"""The desk that journeys share, and the order in which they use it.

`desk` is one `support dev --no-demo` for all journeys of a run. Who uses it:

- makes an organisation of its own (`tests.journeys.homes.a_home`) and asserts on what is its own: others have been here;
- leaves nobody subscribed to the status of all services: whoever comes next counts who is told;
- does not stop, kill or rebuild anything. What does comes last (LAST below), or starts a desk of its own (`running.running_desk`);
- lets time pass by `desk.later(hours=25)` and never turns it back: the clock starts at `running.BEGINS`, and what comes after you lives
  later. What is about odd moments (the end of summer time, a year's end, 29 February) is a journey of test_moments.py: several pass
  the same moment together, because each moment comes once;
- does not run `support verify`: test_agreement.py does, after all others, and fails the run when a read model is not equal.

`say`, `act`, `acted` and `hearing` of tests.journeys.clients are a real GraphQL client and a real NATS subscriber.

All of them run on one worker (tests/conftest.py), one after the other: plain ones as they are collected, then odd moments, then
restarts and kills, then the agreement.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.running import BEGINS, RunningDesk, running_desk, shifted_to

LAST = ("test_moments", "test_restart", "test_kills", "test_agreement")
"""Modules that come after all others, in this order."""


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """The desk that all journeys of this run share."""
    with running_desk(tmp_path_factory.mktemp("journeys"), "--no-demo", clock=shifted_to(BEGINS)) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever shares the desk comes in the order in which the desk lives."""
    here = Path(__file__).parent
    sharing = [each for each in items if here in each.path.parents and "desk" in getattr(each, "fixturenames", ())]
    ordered = iter(sorted(sharing, key=lambda each: LAST.index(each.path.stem) if each.path.stem in LAST else -1))
    shared = set(sharing)
    items[:] = [next(ordered) if each in shared else each for each in items]
