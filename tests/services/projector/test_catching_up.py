"""What is shown at a start while the read models catch up, and how long it is waited for."""

from __future__ import annotations

import asyncio

import pytest

from projections.projection import Projection
from services.cli import catching_up, declared
from tests.services.projector.ground import Ground
from tests.services.projector.parcels import parcels


async def test_a_start_waits_until_the_read_models_have_all_and_shows_it(
    desk: Ground, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    few: tuple[Projection, ...] = (parcels(),)
    monkeypatch.setattr(declared, "PROJECTIONS", few)
    await desk.send("Lund", "Malmo")
    waiting = asyncio.create_task(catching_up.catch_up(desk.settings))
    await asyncio.sleep(3 * catching_up.LOOKS_EVERY)
    assert not waiting.done()
    await desk.project(*few)
    await asyncio.wait_for(waiting, 30)
    assert "read models: 3 of 3 events, 100 %" in capfd.readouterr().err


async def test_a_start_that_finds_them_at_the_end_says_nothing(
    desk: Ground, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(declared, "PROJECTIONS", (parcels(),))
    await desk.send("Lund")
    await desk.project(parcels())
    await catching_up.catch_up(desk.settings)
    assert capfd.readouterr().err == ""
