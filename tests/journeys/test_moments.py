"""Every room in which time does something, through the end of summer time, a year's end, 29 February and the begin of summer time.

The same journeys at each moment. They begin before it and pass it together, because the desk's clock goes forward only: to add one,
write `async def journey(desk, time)` in odd_moments/ and name it here.
"""

from __future__ import annotations

import pytest

from tests.ground import apart
from tests.journeys.odd_moments import chat, contracts, engagements, maintenance, meetings, subscriptions, tickets
from tests.journeys.odd_moments.passage import MOMENTS, Journey, through
from tests.journeys.running import RunningDesk

JOURNEYS: dict[str, Journey] = {
    "a contract from draft to expiry": contracts.journey,
    "into a chat room and out at the end of the contract": chat.journey,
    "an engagement with its reminders": engagements.journey,
    "planned work": maintenance.journey,
    "a quarter's operations meeting": meetings.journey,
    "a subscription that nobody confirms": subscriptions.journey,
    "promises, a snooze and a closing by time": tickets.journey,
}


@pytest.fixture(scope="session", params=list(MOMENTS))
def ended(desk: RunningDesk, request: pytest.FixtureRequest) -> dict[str, BaseException | None]:
    return apart(through(desk, MOMENTS[request.param], JOURNEYS))


@pytest.mark.parametrize("journey", list(JOURNEYS))
def test_rooms_keep_their_time_at_odd_moments(ended: dict[str, BaseException | None], journey: str) -> None:
    problem = ended[journey]
    if problem is not None:
        raise problem
