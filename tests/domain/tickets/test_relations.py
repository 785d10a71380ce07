"""What happens between tickets."""

from __future__ import annotations

import pytest

from domain.errors import ValidationFailed
from domain.tickets.refusals import (
    EntryNotFound,
    MergeAcrossOrganisations,
    MergeWouldGoInCircles,
    TicketIsMerged,
    TicketIsNotMerged,
    TicketIsSpam,
    TiedAcrossOrganisations,
)
from domain.tickets.status import Status
from domain.tickets.vocabulary import LinkKind, Origin, OriginKind
from tests.domain.tickets.builders import (
    ACME,
    COLLEAGUE,
    DAY,
    GLOBEX,
    HOUR,
    MONDAY,
    an_id,
    names,
    note,
    open_ticket,
    receive,
    recorded,
    ticket_in,
)

LATER = MONDAY + HOUR


def test_a_merge_is_told_on_both_tickets() -> None:
    ticket, target = ticket_in("OPEN"), ticket_in("OPEN")
    ticket.merge(target, at=LATER)
    assert (names(ticket), names(target)) == (["merged"], ["absorbed"])
    assert (ticket.status, ticket.merged_into, target.absorbed) == (Status.MERGED, target.id, {ticket.id})


@pytest.mark.parametrize("status", ["NEW", "OPEN", "PENDING_CUSTOMER", "ON_HOLD", "SNOOZED", "RESOLVED", "CLOSED"])
def test_an_unmerged_ticket_stands_as_it_stood_before(status: str) -> None:
    ticket, target = ticket_in(status), ticket_in("OPEN")
    before = (ticket.status, ticket.hold_reason, ticket.snoozed_until, ticket.resolution, ticket.reopenable_until)
    ticket.merge(target, at=LATER)
    ticket.wake(at=MONDAY + 9 * DAY)
    ticket.unmerge(target, at=LATER)
    assert (ticket.status, ticket.hold_reason, ticket.snoozed_until, ticket.resolution, ticket.reopenable_until) == before
    assert (names(ticket), names(target)) == (["merged", "unmerged"], ["absorbed", "released"])
    assert (ticket.merged_into, target.absorbed) == (None, set())


def test_a_ticket_is_unmerged_from_where_it_went_only() -> None:
    ticket, target, other = open_ticket(), open_ticket(), open_ticket()
    with pytest.raises(TicketIsNotMerged):
        ticket.unmerge(target, at=LATER)
    ticket.merge(target, at=LATER)
    with pytest.raises(TicketIsNotMerged):
        ticket.unmerge(other, at=LATER)


def test_a_merge_is_refused_across_organisations_and_records_nothing() -> None:
    ticket, target = ticket_in("OPEN"), ticket_in("OPEN", organisation=GLOBEX)
    with pytest.raises(MergeAcrossOrganisations):
        ticket.merge(target, at=LATER)
    assert (names(ticket), names(target)) == ([], [])


def test_tickets_of_strangers_are_merged_when_one_person_wrote_both() -> None:
    ticket = open_ticket(organisation=None)
    with pytest.raises(MergeAcrossOrganisations):
        ticket.merge(open_ticket(organisation=None, requester=COLLEAGUE), at=LATER)
    with pytest.raises(MergeAcrossOrganisations):
        ticket.merge(open_ticket(organisation=ACME), at=LATER)
    ticket.merge(open_ticket(organisation=None), at=LATER)
    assert ticket.status is Status.MERGED


def test_a_ticket_is_merged_neither_into_itself_nor_into_its_own() -> None:
    first, second, third = open_ticket(), open_ticket(), open_ticket()
    with pytest.raises(MergeWouldGoInCircles):
        first.merge(first, at=LATER)
    first.merge(second, at=LATER)
    with pytest.raises(MergeWouldGoInCircles):
        second.merge(first, at=LATER)
    second.merge(third, at=LATER)
    with pytest.raises(MergeWouldGoInCircles):
        third.merge(first, at=LATER)
    with pytest.raises(MergeWouldGoInCircles):
        third.merge(second, at=LATER)


def test_nothing_is_merged_into_what_lives_on_elsewhere_or_into_spam() -> None:
    ticket = ticket_in("OPEN")
    with pytest.raises(TicketIsMerged):
        ticket.merge(ticket_in("MERGED"), at=LATER)
    with pytest.raises(TicketIsSpam):
        ticket.merge(ticket_in("SPAM"), at=LATER)
    with pytest.raises(TicketIsSpam):
        ticket_in("SPAM").merge(ticket, at=LATER)
    assert names(ticket) == []


def test_what_was_merged_into_a_merged_ticket_can_still_be_taken_out() -> None:
    first, second, third = open_ticket(), open_ticket(), open_ticket()
    first.merge(second, at=LATER)
    second.merge(third, at=LATER)
    first.unmerge(second, at=LATER)
    assert (first.status, second.absorbed, second.status) == (Status.NEW, set(), Status.MERGED)


def test_a_split_is_told_on_both_tickets() -> None:
    ticket = open_ticket()
    entries = (receive(ticket), receive(ticket))
    origin = Origin(OriginKind.SPLIT_FROM, ticket.id, entries)
    new = open_ticket(origin=origin, body=None)
    recorded(ticket)
    ticket.split(new, entries, at=LATER)
    assert (names(new), names(ticket)) == (["opened", "linked"], ["split"])
    assert (new.origin, new.links) == (origin, {(ticket.id, LinkKind.SPLIT_FROM)})
    assert ticket.moved == dict.fromkeys(entries, new.id)


def test_a_split_takes_entries_that_are_there_and_not_gone_and_no_notes() -> None:
    ticket, new = open_ticket(), open_ticket()
    entry, written = receive(ticket), note(ticket)
    recorded(ticket)
    with pytest.raises(ValidationFailed):
        ticket.split(new, (), at=LATER)
    with pytest.raises(EntryNotFound):
        ticket.split(new, (entry, an_id()), at=LATER)
    with pytest.raises(ValidationFailed):
        ticket.split(new, (entry, written), at=LATER)
    with pytest.raises(TiedAcrossOrganisations):
        ticket.split(open_ticket(organisation=GLOBEX), (entry,), at=LATER)
    assert recorded(ticket) == []
    ticket.split(new, (entry, entry), at=LATER)
    assert recorded(ticket)[0].entries == (entry,)  # type: ignore[attr-defined]
    with pytest.raises(ValidationFailed):
        ticket.split(open_ticket(), (entry,), at=LATER)


@pytest.mark.parametrize(
    ("kind", "mirrored"),
    [
        (LinkKind.RELATED, LinkKind.RELATED),
        (LinkKind.BLOCKS, LinkKind.BLOCKED_BY),
        (LinkKind.BLOCKED_BY, LinkKind.BLOCKS),
        (LinkKind.DUPLICATES, LinkKind.DUPLICATES),
    ],
)
def test_a_link_is_read_from_both_sides_and_made_once(kind: LinkKind, mirrored: LinkKind) -> None:
    ticket, other = ticket_in("OPEN"), ticket_in("OPEN")
    for _ in range(2):
        ticket.link(other, kind, at=LATER)
    assert (ticket.links, other.links) == ({(other.id, kind)}, {(ticket.id, mirrored)})
    assert (names(ticket), names(other)) == (["linked"], ["linked"])
    for _ in range(2):
        ticket.unlink(other, kind, at=LATER)
    assert (names(ticket), names(other)) == (["unlinked"], ["unlinked"])


def test_a_link_stays_inside_one_organisation_and_is_not_to_itself() -> None:
    ticket = ticket_in("OPEN")
    with pytest.raises(TiedAcrossOrganisations):
        ticket.link(ticket_in("OPEN", organisation=GLOBEX), LinkKind.RELATED, at=LATER)
    with pytest.raises(ValidationFailed):
        ticket.link(ticket, LinkKind.RELATED, at=LATER)
    with pytest.raises(TicketIsMerged):
        ticket.link(ticket_in("MERGED"), LinkKind.RELATED, at=LATER)
    assert names(ticket) == []


@pytest.mark.parametrize("kind", [LinkKind.FOLLOW_UP_OF, LinkKind.SPLIT_FROM])
def test_follow_ups_and_splits_are_tied_by_the_service_alone(kind: LinkKind) -> None:
    ticket, other = open_ticket(), open_ticket()
    for command in (ticket.link, ticket.unlink):
        with pytest.raises(ValidationFailed):
            command(other, kind, at=LATER)


def test_a_late_reply_opens_a_follow_up_that_both_tickets_know() -> None:
    ticket = ticket_in("CLOSED")
    new = open_ticket(origin=Origin(OriginKind.FOLLOW_UP_OF, ticket.id))
    for _ in range(2):
        ticket.follow_up(new, at=LATER)
    assert names(ticket) == ["linked"]
    assert (new.links, ticket.links) == ({(ticket.id, LinkKind.FOLLOW_UP_OF)}, {(new.id, LinkKind.RELATED)})
    with pytest.raises(TiedAcrossOrganisations):
        ticket.follow_up(open_ticket(organisation=GLOBEX), at=LATER)


def test_a_ticket_has_a_bounded_number_of_links() -> None:
    ticket = open_ticket()
    others = [open_ticket(body=None) for _ in range(101)]
    for other in others[:100]:
        ticket.link(other, LinkKind.RELATED, at=LATER)
    with pytest.raises(ValidationFailed):
        ticket.link(others[100], LinkKind.RELATED, at=LATER)
