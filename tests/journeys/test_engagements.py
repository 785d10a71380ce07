"""Reminders of an architect's help after the desk was away for days, and a wish that is declined, with a real GraphQL client.

The whole of an engagement, at odd moments, is odd_moments/engagements.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from gql import gql

from tests.journeys.clients import acted, hearing, say
from tests.journeys.homes import a_home, signed
from tests.journeys.running import RunningDesk

pytestmark = pytest.mark.anyio

SELECT = "engagement { id version status answer { text } }"
ME = gql("{ viewer { actor { id } } }")


async def test_after_days_away_nobody_is_reminded_of_what_has_begun(desk: RunningDesk) -> None:
    home, admin = await a_home(desk), desk.token("ADMIN")
    architect = (await say(desk, desk.token("AGENT", "--name", f"Maja {uuid4().hex[:6]}"), ME))["viewer"]["actor"]["id"]
    await signed(desk, home, "SUPPORT-premium", desk.now())

    async def scheduled(kind: str, in_: timedelta) -> str:
        asked = await acted(desk, home.customer, "requestEngagement", SELECT, kind=kind, wish="Please.")
        made: dict[str, Any] = asked["engagement"]
        for mutation, input in (
            ("scopeEngagement", {"scope": "One session.", "leadId": architect}),
            (
                "scheduleEngagement",
                {"startsAt": (desk.now() + in_).isoformat(), "joinUrl": f"https://meet.example.org/{uuid4()}"},
            ),
        ):
            on = {"engagementId": made["id"], "expectedVersion": made["version"]}
            made = (await acted(desk, admin, mutation, SELECT, **on, **input))["engagement"]
        return str(made["id"])

    async with hearing(desk, "support.confidential.engagement.>") as heard:
        begun = await scheduled("MIGRATION", timedelta(days=2))
        ahead = await scheduled("TECHNICAL_REVIEW", timedelta(days=3, minutes=30))
        agreed = ["engagement.requested", "engagement.scoped", "engagement.scheduled"]
        await heard.until(begun, agreed)
        await heard.until(ahead, agreed)
        desk.later(days=3)
        await heard.until(begun, [*agreed, "engagement.reminder_dropped", "engagement.reminder_dropped"])
        await heard.until(ahead, [*agreed, "engagement.reminder_dropped", "engagement.reminder_due"])


async def test_a_wish_is_declined_with_an_answer(desk: RunningDesk) -> None:
    home, admin = await a_home(desk), desk.token("ADMIN")
    await signed(desk, home, "SUPPORT-premium", desk.now())
    asked = await acted(desk, home.customer, "requestEngagement", SELECT, kind="ARCHITECTURE_DESIGN", wish="All of it.")
    on = {"engagementId": asked["engagement"]["id"], "expectedVersion": asked["engagement"]["version"]}
    declined = (await acted(desk, admin, "declineEngagement", SELECT, answer="Later this year.", **on))["engagement"]
    assert (declined["status"], declined["answer"]) == ("DECLINED", {"text": "Later this year."})
