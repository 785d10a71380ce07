"""Reports against an oracle that counts the events themselves, over random lives; and the buckets they are counted in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from projections.report_counting import Row, ageing, compliance, satisfaction, times, volume
from projections.report_facts import report_facts
from projections.report_scope import Asked, Bucket, Dimension, Period, TooManyRows, buckets
from projections.viewer import Role, Viewer
from tests.projections import oracle
from tests.projections.desk import AGENT, Desk, customer
from tests.projections.history import History

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


async def told(desk: Desk, seed: int, tickets: int = 25, steps: int = 200) -> dict[UUID, UUID]:
    homes = {}
    for ref in ("acme", "globex"):
        home = await desk.organisation(ref)
        homes[home] = await desk.contact(f"{ref} boss", home)
    await History(desk, homes, seed).tell(tickets, steps)
    return homes


async def lives(desk: Desk) -> list[oracle.Life]:
    rows = await desk.ground.recording.as_owner(
        "SELECT originator_id FROM store.stored_events WHERE topic = 'ticket.opened.v1' ORDER BY notification_id"
    )
    found = [oracle.Life(await desk.ground.events(row["originator_id"])) for row in rows]
    return [life for life in found if life.counted]


def by_place(rows: Sequence[Row]) -> dict[tuple[datetime, tuple[str, ...]], Any]:
    return {(row.bucket.from_, row.keys): row for row in rows}


@pytest.mark.parametrize("seed", [20260701, 5])
async def test_every_figure_is_what_an_oracle_counts_from_the_events(desk: Desk, seed: int) -> None:
    begin = desk.now
    homes = await told(desk, seed)
    await desk.ground.project(report_facts)
    everything = await lives(desk)
    assert len({type(event) for life in everything for event in life.events}) > 15
    cuts = buckets(begin, desk.now + 3 * DAY, Period.MONTH, "Europe/Copenhagen")
    assert len(cuts) > 2
    db = desk.readers
    met = broken = 0
    for home in (None, *homes):
        asked = Asked(cuts, now=desk.now, viewer=AGENT, organisation=home)
        split = Asked(cuts, now=desk.now, viewer=AGENT, organisation=home, group_by=(Dimension.METRIC,))
        mine = [life for life in everything if home in (None, life.organisation)]
        volumes, old = by_place(await volume(db, asked)), by_place(await ageing(db, asked))
        kept, took = by_place(await compliance(db, asked)), by_place(await times(db, asked))
        rated = by_place(await satisfaction(db, asked))
        by_metric = by_place(await compliance(db, split))
        for cut in cuts:
            bounds, place = (cut.from_, cut.to), (cut.from_, ())
            row = volumes[place]
            assert {name: getattr(row, name) for name in oracle.volume(mine, bounds)} == oracle.volume(mine, bounds)
            row, (counts, oldest) = old[place], oracle.ages(mine, bounds, desk.now)
            named = (row.under_one_day, row.one_to_three_days, row.three_to_seven_days, row.seven_to_thirty_days)
            assert ([*named, row.over_thirty_days], row.oldest) == (counts, oldest)
            expected = oracle.compliance(mine, bounds, desk.now)
            found = {keys[0]: [r.met, r.breached, r.running] for (at, keys), r in by_metric.items() if at == cut.from_}
            assert found == expected
            whole = kept[place]
            sums = [sum(each) for each in zip([0, 0, 0], *expected.values(), strict=True)]
            assert [whole.met, whole.breached, whole.running] == sums
            met, broken = met + whole.met, broken + whole.breached
            row = took[place]
            spreads = tuple([s.count, s.p50, s.p90, s.p95, s.p99] for s in (row.first_response, row.resolution))
            assert spreads == oracle.times(mine, bounds)
            row, (asked_for, scores) = rated[place], oracle.satisfaction(mine, bounds)
            assert (row.asked, list(row.distribution), row.rated) == (asked_for, scores, sum(scores))
            assert row.total == sum((n + 1) * count for n, count in enumerate(scores))
    assert met > 5
    assert broken > 5


async def test_groups_add_up_to_the_whole_and_everybody_counts_only_what_is_theirs(desk: Desk) -> None:
    begin = desk.now
    homes = await told(desk, 3, tickets=15, steps=60)
    await desk.ground.project(report_facts)
    cuts = (Bucket(begin, desk.now),)
    whole = (await volume(desk.readers, Asked(cuts, now=desk.now, viewer=AGENT)))[0]
    for dimension in (Dimension.ORGANISATION, Dimension.QUEUE, Dimension.KIND, Dimension.PRIORITY, Dimension.AGENT):
        rows = await volume(desk.readers, Asked(cuts, now=desk.now, viewer=AGENT, group_by=(dimension,)))
        assert len(rows) > 1
        assert sum(row.opened for row in rows) == whole.opened
        assert sum(row.backlog for row in rows) == whole.backlog
    (home, boss), (other, _) = homes.items()
    own = (await volume(desk.readers, Asked(cuts, now=desk.now, viewer=AGENT, organisation=home)))[0]
    for viewer in (customer(boss, home), Viewer(Role.SERVICE_MANAGER, UUID(int=9), organisations=frozenset({home}))):
        db = desk.db(viewer)
        assert (await volume(db, Asked(cuts, now=desk.now, viewer=viewer)))[0] == own
        nothing = (await volume(db, Asked(cuts, now=desk.now, viewer=viewer, organisation=other)))[0]
        assert (nothing.opened, nothing.backlog) == (0, 0)
    program = Viewer(Role.SERVICE, UUID(int=9), scopes=frozenset({"REPORTS_READ"}))
    assert (await volume(desk.readers, Asked(cuts, now=desk.now, viewer=program)))[0] == whole


async def test_an_erased_requester_changes_no_figure(desk: Desk) -> None:
    begin = desk.now
    homes = await told(desk, 4, tickets=10, steps=40)
    await desk.ground.project(report_facts)
    asked = Asked((Bucket(begin, desk.now),), now=desk.now, viewer=AGENT)
    before = [await each(desk.readers, asked) for each in (volume, ageing, compliance, times, satisfaction)]
    for contact in homes.values():
        await desk.erase(contact)
    await desk.ground.project(report_facts)
    assert [await each(desk.readers, asked) for each in (volume, ageing, compliance, times, satisfaction)] == before


def test_days_begin_on_the_wall_also_when_they_are_short_or_long() -> None:
    zone = "Europe/Copenhagen"
    spring = buckets(utc(2027, 3, 26, 23), utc(2027, 3, 29, 22), Period.DAY, zone)
    assert [each.to - each.from_ for each in spring] == [24 * DAY / 24, 23 * DAY / 24, 24 * DAY / 24]
    autumn = buckets(utc(2026, 10, 23, 22), utc(2026, 10, 26, 23), Period.DAY, zone)
    assert [(each.to - each.from_) / timedelta(hours=1) for each in autumn] == [24, 25, 24]


@pytest.mark.parametrize(
    ("period", "count"),
    [(Period.WEEK, 53), (Period.MONTH, 13), (Period.QUARTER, 5), (Period.YEAR, 2), (Period.WHOLE, 1), (Period.DAY, 367)],
)
def test_buckets_are_gapless_and_begin_where_the_wall_says(period: Period, count: int) -> None:
    zone, from_, to = "America/New_York", utc(2027, 12, 31, 12), utc(2028, 12, 31, 12)
    cuts = buckets(from_, to, period, zone)
    assert len(cuts) == count
    assert (cuts[0].from_, cuts[-1].to) == (from_, to)
    assert all(one.to == other.from_ for one, other in pairwise(cuts))
    inner = [each.from_.astimezone(ZoneInfo(zone)) for each in cuts[1:]]
    assert all((each.hour, each.minute) == (0, 0) for each in inner)


def test_a_report_of_too_many_buckets_is_none() -> None:
    with pytest.raises(TooManyRows):
        buckets(utc(2020, 1, 1), utc(2026, 1, 1), Period.DAY, "UTC")
