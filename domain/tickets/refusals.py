"""What a ticket refuses, as sentences. Each names the way out."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.errors import AlreadyExists, InvalidTransition, NotFound, RuleViolated
from domain.tickets.status import Status, ways


class TicketIsMerged(RuleViolated):
    """It takes nothing; `into` is where it lives on."""

    rule: ClassVar[str] = "TICKET_IS_MERGED"

    def __init__(self, into: UUID) -> None:
        super().__init__("This ticket was merged into another one and lives on there; write there, or unmerge it first.")
        self.into = into


class ReopenWindowPassed(RuleViolated):
    """Too late to reopen. Who receives a reply turns this into a linked follow-up."""

    rule: ClassVar[str] = "REOPEN_WINDOW_PASSED"

    def __init__(self) -> None:
        super().__init__("The time for reopening this ticket has passed; a reply opens a linked follow-up.")


class MergeAcrossOrganisations(RuleViolated):
    rule: ClassVar[str] = "MERGE_ACROSS_ORGANISATIONS"

    def __init__(self) -> None:
        super().__init__("Only tickets of one organisation can be merged; transfer one of them first.")


class MergeWouldGoInCircles(RuleViolated):
    rule: ClassVar[str] = "MERGE_CYCLE"

    def __init__(self) -> None:
        super().__init__("A ticket cannot be merged into itself or into one that was merged into it.")


class HasMergedTickets(RuleViolated):
    """Merging stays inside one organisation, so what was merged would have to move too."""

    rule: ClassVar[str] = "HAS_MERGED_TICKETS"

    def __init__(self) -> None:
        super().__init__("Other tickets were merged into this one; unmerge them before it moves to another organisation.")


class TiedAcrossOrganisations(RuleViolated):
    rule: ClassVar[str] = "LINK_ACROSS_ORGANISATIONS"

    def __init__(self) -> None:
        super().__init__("Only tickets of one organisation can be linked or split from one another.")


class AlreadyRated(RuleViolated):
    rule: ClassVar[str] = "ALREADY_RATED"

    def __init__(self) -> None:
        super().__init__("This resolution was rated; there is one rating for each.")


class OnlyRequesterRates(RuleViolated):
    rule: ClassVar[str] = "ONLY_REQUESTER_RATES"

    def __init__(self) -> None:
        super().__init__("Only the person who asked can rate how it was resolved.")


class NothingToRate(RuleViolated):
    rule: ClassVar[str] = "NOTHING_TO_RATE"

    def __init__(self) -> None:
        super().__init__("There is no resolution to rate now.")


class EntryNotFound(NotFound):
    def __init__(self, *path: str) -> None:
        super().__init__("This ticket has no such entry.", path=path)


class AttachmentNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("This ticket has no such file.")


class TargetNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("This ticket has no such promise.")


class EntryExists(AlreadyExists):
    def __init__(self, entry: UUID) -> None:
        super().__init__("This ticket has that entry already.", existing=entry)


class AttachmentExists(AlreadyExists):
    def __init__(self, attachment: UUID, *path: str) -> None:
        super().__init__("This ticket has that file already.", existing=attachment, path=path)


class StateForbids(InvalidTransition):
    """Its state does not allow this. `reads` is how the state stands in a sentence, `way_out` what to do."""

    reads: ClassVar[str] = ""
    way_out: ClassVar[str] = ""

    def __init__(self, current: Status) -> None:
        allowed = ways(current)
        names = ", ".join(allowed)
        super().__init__(
            f"The ticket is {self.reads or current}; {self.way_out or f'from there it may become {names}'}.",
            current=current,
            allowed=allowed,
        )


class TicketIsSpam(StateForbids):
    reads = "marked as spam"
    way_out = "unmark it first"


class TicketIsResolved(StateForbids):
    reads = "resolved"
    way_out = "reopen it, or close it"


class TicketIsClosed(StateForbids):
    reads = "closed"
    way_out = "reopen it first"


class TicketIsNotEnded(StateForbids):
    """Only what was resolved or closed can be reopened."""

    way_out = "only a resolved or closed ticket can be reopened"


class TicketIsNotSpam(StateForbids):
    way_out = "only a ticket marked as spam can be unmarked"


class TicketIsNotMerged(StateForbids):
    way_out = "only a merged ticket can be unmerged, and only from the one it was merged into"


_BY_STATE: dict[Status, type[StateForbids]] = {
    Status.SPAM: TicketIsSpam,
    Status.RESOLVED: TicketIsResolved,
    Status.CLOSED: TicketIsClosed,
}


def forbidden_by(current: Status) -> StateForbids:
    """The refusal for a command that the present state does not allow."""
    return _BY_STATE.get(current, StateForbids)(current)
