"""Whatever the gateway, the scheduler and the notifier send is answered by an index.

Everything that the schema lets one ask is asked on a desk of a thousand tickets, as an administrator and a customer: for each statement
there is an index. That the planner takes it, `python -m tests.bench lists` shows on a hundred thousand, as every kind of party.
"""

from __future__ import annotations

import pytest

from services.demo.plan import Scale
from tests.ground import TestDatabase
from tests.load.crowd import multiplied, told
from tests.load.exempt import NOT_ASKED, REPORTS, WALKS
from tests.load.run import FILTERING, look
from tests.load.watching import queries

pytestmark = pytest.mark.anyio


async def test_whatever_is_asked_is_answered_by_an_index(database: TestDatabase) -> None:
    await told(database, Scale(tickets=60, organisations=40, days=91, rooms=True))
    await multiplied(database, 15)
    looked = await look(database, big=500, share=0.5, parties=FILTERING)
    assert looked.failed == []
    assert looked.wrong == []
    assert looked.not_asked == []


def test_what_is_exempt_is_there() -> None:
    assert {*REPORTS, *WALKS, *NOT_ASKED} <= queries()
