"""Planned work that begins before the moment and ends after it, by time, and counts as two hours of maintenance and no downtime."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from gql import gql

from tests.journeys.clients import acted, say, until
from tests.journeys.odd_moments.passage import TICK, Passage
from tests.journeys.running import RunningDesk

PAGE = gql("""query($at: Position) { statusPage(atLeast: $at) {
  components { ref state availability { uptimeRatio downtime maintenanceTime } } maintenance { id status } } }""")


async def journey(desk: RunningDesk, time: Passage) -> None:
    agent, ref = desk.token("AGENT"), f"odd-{uuid4().hex[:8]}"
    service = {"ref": ref, "name": "Switches", "group": "Proof"}
    made = await acted(desk, desk.token("ADMIN"), "registerServiceComponent", "component { id }", **service)
    begin, end = time.near(minutes=-30), time.near(minutes=90)
    planned = await acted(
        desk, agent, "scheduleMaintenance", "notice { id }",
        title="New switches", body="Short breaks.",
        impacts=[{"componentId": made["component"]["id"], "state": "UNDER_MAINTENANCE"}],
        **{"from": begin.isoformat(), "to": end.isoformat()},
    )  # fmt: skip

    async def shown(at: str | None = None) -> tuple[dict[str, Any], str | None]:
        """The service and the work as anybody sees them."""
        page = (await say(desk, None, PAGE, at=at))["statusPage"]
        ahead = {each["id"]: each["status"] for each in page["maintenance"]}
        return next(each for each in page["components"] if each["ref"] == ref), ahead.get(planned["notice"]["id"])

    async def becomes(state: str) -> None:
        async def there() -> bool:
            return bool((await shown())[0]["state"] == state)

        await until(there)

    service_now, work = await shown(planned["position"])
    assert (service_now["state"], work) == ("OPERATIONAL", "SCHEDULED")
    await time.reach(begin - TICK)
    assert (await shown())[0]["state"] == "OPERATIONAL"
    await time.reach(begin)
    await becomes("UNDER_MAINTENANCE")
    assert (await shown())[1] == "IN_PROGRESS"
    await time.reach(end - TICK)
    assert (await shown())[0]["state"] == "UNDER_MAINTENANCE"
    await time.reach(end)
    await becomes("OPERATIONAL")
    availability = (await shown())[0]["availability"]
    assert availability == {"uptimeRatio": 1.0, "downtime": "PT0S", "maintenanceTime": "PT2H"}
