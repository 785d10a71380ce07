"""NATS stopped for the length of 5,000 events, then its store deleted; and a tail that it lost although it had acknowledged it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ground import TestDatabase
from tests.services.relay import outages

pytestmark = pytest.mark.faults


async def test_everything_is_refilled_at_the_same_sequences_and_durables_go_on_where_they_were(
    tmp_path: Path, database: TestDatabase
) -> None:
    await outages.nats_is_stopped_for_a_while_and_its_store_deleted(tmp_path, database, before=5_000, during=5_000)


async def test_a_lost_tail_of_five_thousand_comes_again(tmp_path: Path, database: TestDatabase) -> None:
    await outages.the_stream_loses_its_tail(tmp_path, database, kept=5_000, lost=5_000)
