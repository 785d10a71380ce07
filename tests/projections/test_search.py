"""Search finds what people mean, best first, and notes are the staff's alone: in match, order and number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.organisations.events import ContactRole
from projections.paging import BadCursor, Page
from projections.search import Hit, search
from projections.viewer import Role, Viewer
from projections.words import Wanted, fold
from tests.projections.desk import AGENT, Desk, customer


async def found(desk: Desk, viewer: Viewer, text: str, **more: object) -> list[Hit]:
    return (await search(desk.db(viewer), viewer, text, **more)).page.rows  # type: ignore[arg-type]


async def test_accents_case_and_punctuation_do_not_count(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    opened = await desk.open(ada, subject="Fejl på RÉSEAU-switch db-01.example.com")
    await desk.project()
    for text in ("reseau", "RÉSEAU switch", "re\u0301seau", "db-01.example.com", "example db", "swit"):
        assert [hit.ticket.id for hit in await found(desk, AGENT, text) if hit.ticket] == [opened], text
    for text in ("résea u", "rese au", "'; DROP TABLE tickets; --", "& | ! :*", "example.org", "%"):
        assert await found(desk, AGENT, text, scopes={"TICKETS"}) == [], text


async def test_a_number_goes_before_a_subject_and_a_subject_before_a_message(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    by_number = await desk.open(ada, subject="Other")
    by_subject = await desk.open(ada, subject="About 10001")
    by_message = await desk.open(ada, subject="Another")
    await desk.write(by_message, "see 10001 and 10001 and 10001, 10001")
    await desk.project()
    hits = await found(desk, AGENT, "10001")
    assert [(hit.ticket.id, hit.matched_in) for hit in hits if hit.ticket] == [
        (by_number, "REF"),
        (by_subject, "TITLE"),
        (by_message, "MESSAGE"),
    ]


async def test_a_snippet_is_the_text_around_the_words_on_one_line(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    opened = await desk.open(ada)
    await desk.write(opened, "word " * 200 + "\n\nthe Späti <b>needle</b>\n\n" + "more " * 200)
    await desk.project()
    (hit,) = await found(desk, AGENT, "spati")
    assert "the Späti <b>needle</b> more" in hit.snippet
    assert len(hit.snippet) < 200
    assert "\n" not in hit.snippet


async def test_notes_play_no_part_for_customers(desk: Desk) -> None:
    acme = await desk.organisation("acme")
    ada = await desk.contact("Ada", acme)
    first = await desk.open(ada, acme, "Alpha")
    await desk.write(first, "zebra")
    second = await desk.open(ada, acme, "Beta")
    await desk.write(second, "zebra crossing")
    me = customer(ada, acme)
    await desk.project()
    before = await found(desk, me, "zebra")
    await desk.note(first, "zebra zebra zebra zebra")
    await desk.note(second, "okapi")
    await desk.project()
    assert await found(desk, me, "zebra") == before
    assert await found(desk, me, "okapi") == []
    (hit,) = await found(desk, AGENT, "okapi")
    assert (hit.matched_in, hit.ticket.id if hit.ticket else None) == ("NOTE", second)
    program = Viewer(Role.SERVICE, ada, scopes=frozenset({"TICKETS_READ"}))
    assert await found(desk, program, "okapi") == []
    assert len(await found(desk, Viewer(Role.SERVICE, ada, scopes=frozenset({"TICKETS_READ", "NOTES_READ"})), "okapi")) == 1


async def test_people_are_found_by_staff_and_by_administrators_within_their_own(desk: Desk) -> None:
    acme, other = await desk.organisation("acme", "Acme Ångström"), await desk.organisation("other", "Other Ångström")
    ada, bob = await desk.contact("Ada Byron", acme, ContactRole.CUSTOMER_ADMIN), await desk.contact("Ada Blue", other)
    await desk.project()
    who = {hit.contact.id for hit in await found(desk, AGENT, "ada") if hit.contact}
    assert who == {ada, bob}
    assert [hit.contact.id for hit in await found(desk, customer(ada, acme, Role.CUSTOMER_ADMIN), "ada") if hit.contact] == [
        ada
    ]
    assert await found(desk, customer(bob, other), "ada") == []
    assert {hit.organisation.id for hit in await found(desk, AGENT, "angstrom") if hit.organisation} == {acme, other}
    assert await found(desk, AGENT, "angstrom", scopes={"TICKETS"}) == []


async def test_hits_are_walked_in_pages(desk: Desk) -> None:
    ada = await desk.contact("Ada")
    for i in range(7):
        opened = await desk.open(ada, subject="needle " * (i % 3 + 1))
        await desk.write(opened, "needle")
    await desk.project()
    db = desk.db(AGENT)
    whole = (await search(db, AGENT, "needle", page=Page(first=100))).page.rows
    assert len(whole) == 7
    walked: list[Hit] = []
    after = None
    while True:
        page = (await search(db, AGENT, "needle", page=Page(first=2, after=after))).page
        walked += page.rows
        if not page.has_next:
            break
        after = page.edges[-1].cursor
    assert walked == whole
    last = (await search(db, AGENT, "needle", page=Page(last=3))).page
    assert last.rows == whole[-3:]
    with pytest.raises(BadCursor):
        await search(db, AGENT, "haystack", page=Page(first=2, after=after))


@given(st.text(max_size=200))
def test_folding_again_changes_nothing_and_a_query_is_words_alone(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    wanted = Wanted.read(text)
    if wanted.words:
        assert set("".join(wanted.words)) & set("'\\&|!():* <>") == set()
        assert wanted.snippet(text)


def test_a_text_too_long_for_an_index_is_cut_there() -> None:
    words = fold(" ".join(f"w{i}" for i in range(200_000)))
    assert len(words.encode()) <= 400_000
