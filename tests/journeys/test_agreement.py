"""After all journeys: what the read models say is what the log says, and what NATS was told is what the log says."""

from __future__ import annotations

import pytest

from tests.journeys.aftermath import the_stream_is_the_store, the_views_are_equal
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio


async def test_after_all_journeys_every_read_model_says_what_the_log_says(desk: RunningDesk) -> None:
    await the_views_are_equal(desk)


async def test_after_all_journeys_the_stream_holds_the_log(desk: RunningDesk) -> None:
    await the_stream_is_the_store(desk)
