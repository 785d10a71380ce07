"""Any commands in any order: histories replay to the same state, and a refusal records nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Refused
from domain.event import Classification, DomainEvent
from domain.policies import SlaTerms, queue_id
from domain.tickets.refusals import TicketIsMerged
from domain.tickets.sla import DeadlineKind
from domain.tickets.status import Status, after, ways
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import (
    AfterReply,
    CloseCause,
    Direction,
    EscalationTarget,
    ExternalSystem,
    HoldReason,
    LinkKind,
    Origin,
    OriginKind,
    Priority,
    RedactionReason,
    ReopenCause,
    Resolution,
    ScanResult,
    Severity,
    TicketKind,
)
from tests.domain.tickets.builders import (
    ACME,
    AGENT,
    COLLEAGUE,
    DAY,
    GLOBEX,
    HOUR,
    MONDAY,
    OTHER_AGENT,
    REGION,
    REQUESTER,
    ROOT_CAUSE,
    WINDOW,
    a_file,
    an_id,
    open_ticket,
    replayed,
    terms,
)

texts = st.sampled_from(["Hello", "", "nul\x00", "æøå", "x" * 100_001])
people = st.sampled_from([AGENT, OTHER_AGENT])
contacts = st.sampled_from([REQUESTER, COLLEAGUE])
promises = st.sampled_from([None, terms()])


class TicketMachine(RuleBasedStateMachine):
    """Several tickets, so that they may be merged, split and linked; one clock that only goes on."""

    tickets: Bundle[Ticket] = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = MONDAY
        self.histories: dict[Any, list[DomainEvent]] = {}
        self.known: dict[Any, Ticket] = {}

    def attempt(self, command: Callable[[], object], *on: Ticket) -> bool:
        """Run a command; keep what was recorded, and see that a refusal recorded nothing anywhere."""
        before = {id: ticket.version for id, ticket in self.known.items()}
        lives_on = {ticket.merged_into for ticket in on}
        refused: Refused | None = None
        try:
            command()
        except Refused as refusal:
            refused = refusal
        if refused is not None:
            assert {id: ticket.version for id, ticket in self.known.items()} == before
            if isinstance(refused, TicketIsMerged):
                assert refused.into in lives_on
        for ticket in self.known.values():
            self.histories[ticket.id].extend(event for event in ticket.collect_events() if isinstance(event, DomainEvent))
        return refused is None

    def keep(self, ticket: Ticket) -> Ticket:
        self.known[ticket.id] = ticket
        self.histories[ticket.id] = [event for event in ticket.collect_events() if isinstance(event, DomainEvent)]
        return ticket

    @initialize(target=tickets)
    def begin(self) -> Ticket:
        return self.keep(open_ticket(promised=terms()))

    @rule(
        target=tickets,
        kind=st.sampled_from(TicketKind),
        priority=st.sampled_from(Priority),
        organisation=st.sampled_from([ACME, GLOBEX, None]),
        promised=promises,
    )
    def open(self, kind: TicketKind, priority: Priority, organisation: Any, promised: SlaTerms | None) -> Ticket:
        return self.keep(
            open_ticket(at=self.at, kind=kind, priority=priority, organisation=organisation, promised=promised, body=None)
        )

    @rule(minutes=st.sampled_from([1, 45, 600, 3_000, 30_000]))
    def time_goes_by(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(ticket=tickets, body=texts, author=contacts, promised=promises, with_file=st.booleans())
    def receive(self, ticket: Ticket, body: str, author: Any, promised: SlaTerms | None, with_file: bool) -> None:
        files = (a_file(),) if with_file else ()
        self.attempt(
            lambda: ticket.receive_message(
                at=self.at, entry=an_id(), author=author, channel=ticket.channel, body=body, files=files, terms=promised
            ),
            ticket,
        )

    @rule(ticket=tickets, data=st.data())
    def mail(self, ticket: Ticket, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from([an_id(), *ticket.entries]))
        self.attempt(lambda: ticket.ingest_email(at=self.at, entry=entry, author=REQUESTER, body="Hi", terms=terms()), ticket)

    @rule(ticket=tickets, body=texts, then=st.sampled_from(AfterReply), by_human=st.booleans())
    def reply(self, ticket: Ticket, body: str, then: AfterReply, by_human: bool) -> None:
        self.attempt(
            lambda: ticket.send_reply(
                at=self.at, entry=an_id(), body=body, by_human=by_human, then=then, reopenable_until=self.at + WINDOW
            ),
            ticket,
        )

    @rule(ticket=tickets, minutes=st.integers(-1, 30))
    def call(self, ticket: Ticket, minutes: int) -> None:
        self.attempt(
            lambda: ticket.log_phone_call(
                at=self.at,
                entry=an_id(),
                direction=Direction.INBOUND,
                contact=REQUESTER,
                started_at=self.at - HOUR,
                duration=timedelta(minutes=minutes),
                summary="They called.",
            ),
            ticket,
        )

    @rule(ticket=tickets, body=texts, with_file=st.booleans())
    def note(self, ticket: Ticket, body: str, with_file: bool) -> None:
        files = (a_file(),) if with_file else ()
        seen = ticket.visible_version
        self.attempt(lambda: ticket.add_internal_note(at=self.at, entry=an_id(), body=body, files=files), ticket)
        assert ticket.visible_version == seen

    @rule(ticket=tickets, data=st.data(), result=st.sampled_from(ScanResult))
    def scan(self, ticket: Ticket, data: st.DataObject, result: ScanResult) -> None:
        attachment = data.draw(st.sampled_from([an_id(), *ticket.attachments]))
        self.attempt(lambda: ticket.record_scan(attachment, result, at=self.at), ticket)

    @rule(ticket=tickets, data=st.data(), reason=st.sampled_from(RedactionReason))
    def redact(self, ticket: Ticket, data: st.DataObject, reason: RedactionReason) -> None:
        entry = data.draw(st.sampled_from([an_id(), *ticket.entries]))
        self.attempt(lambda: ticket.redact(entry, reason, at=self.at), ticket)

    @rule(ticket=tickets)
    def attach(self, ticket: Ticket) -> None:
        self.attempt(lambda: ticket.add_attachment(a_file(), at=self.at, entry=an_id()), ticket)

    @rule(
        ticket=tickets,
        command=st.sampled_from(["work", "await", "spam", "unspam", "unassign", "wake", "reopen", "close", "close_by_time"]),
    )
    def move(self, ticket: Ticket, command: str) -> None:
        until = self.at + WINDOW
        commands: dict[str, Callable[[], None]] = {
            "work": lambda: ticket.start_work(at=self.at),
            "await": lambda: ticket.await_customer(at=self.at),
            "spam": lambda: ticket.mark_as_spam(at=self.at),
            "unspam": lambda: ticket.unmark_as_spam(at=self.at),
            "unassign": lambda: ticket.unassign(at=self.at),
            "wake": lambda: ticket.wake(at=self.at),
            "reopen": lambda: ticket.reopen(at=self.at, because=ReopenCause.STAFF, terms=terms()),
            "close": lambda: ticket.close(at=self.at, because=CloseCause.CUSTOMER, reopenable_until=until),
            "close_by_time": lambda: ticket.close_by_time(at=self.at, close_after=DAY, reopenable_until=until),
        }
        self.attempt(commands[command], ticket)

    @rule(ticket=tickets, reason=st.sampled_from(HoldReason))
    def hold(self, ticket: Ticket, reason: HoldReason) -> None:
        self.attempt(lambda: ticket.put_on_hold(reason, at=self.at), ticket)

    @rule(ticket=tickets, days=st.integers(-1, 400))
    def snooze(self, ticket: Ticket, days: int) -> None:
        self.attempt(lambda: ticket.snooze(self.at + days * DAY, at=self.at), ticket)

    @rule(ticket=tickets, resolution=st.sampled_from(Resolution))
    def resolve(self, ticket: Ticket, resolution: Resolution) -> None:
        self.attempt(lambda: ticket.resolve(resolution, at=self.at, reopenable_until=self.at + WINDOW), ticket)

    @rule(ticket=tickets, agent=people)
    def assign(self, ticket: Ticket, agent: Any) -> None:
        self.attempt(lambda: ticket.assign(agent, at=self.at), ticket)

    @rule(ticket=tickets, queue=st.sampled_from(["support", "network"]), organisation=st.sampled_from([ACME, GLOBEX]))
    def transfer(self, ticket: Ticket, queue: str, organisation: Any) -> None:
        self.attempt(lambda: ticket.transfer_to_queue(queue_id(queue), at=self.at), ticket)
        self.attempt(lambda: ticket.transfer_to_organisation(organisation, at=self.at, terms=terms()), ticket)

    @rule(ticket=tickets, priority=st.sampled_from(Priority), severity=st.sampled_from(Severity), promised=promises)
    def classify(self, ticket: Ticket, priority: Priority, severity: Severity, promised: SlaTerms | None) -> None:
        self.attempt(lambda: ticket.change_priority(priority, at=self.at, terms=promised), ticket)
        self.attempt(lambda: ticket.change_severity(severity, at=self.at, terms=promised), ticket)

    @rule(ticket=tickets, tag=st.sampled_from(["a", "B", "not a tag", ""]), off=st.booleans())
    def tag(self, ticket: Ticket, tag: str, off: bool) -> None:
        self.attempt(lambda: (ticket.untag if off else ticket.tag)(tag, at=self.at), ticket)

    @rule(
        ticket=tickets,
        definition=st.sampled_from([REGION, ROOT_CAUSE]),
        value=st.sampled_from([None, "text", ("north",), ("nowhere",), 3.5]),
    )
    def set_field(self, ticket: Ticket, definition: Any, value: Any) -> None:
        self.attempt(lambda: ticket.set_field(definition, value, at=self.at), ticket)

    @rule(ticket=tickets, who=people, contact=contacts, on=st.booleans())
    def watch(self, ticket: Ticket, who: Any, contact: Any, on: bool) -> None:
        self.attempt(lambda: (ticket.watch if on else ticket.unwatch)(contact, at=self.at), ticket)
        self.attempt(lambda: (ticket.watch_as_staff if on else ticket.unwatch_as_staff)(who, at=self.at), ticket)

    @rule(ticket=tickets, whom=st.sampled_from(EscalationTarget), level=st.integers(0, 11))
    def escalate(self, ticket: Ticket, whom: EscalationTarget, level: int) -> None:
        self.attempt(lambda: ticket.escalate(whom, at=self.at, level=level), ticket)

    @rule(ticket=tickets, score=st.integers(0, 6), by=contacts)
    def rate(self, ticket: Ticket, score: int, by: Any) -> None:
        self.attempt(lambda: ticket.rate(score, at=self.at, by=by, comment="Thanks"), ticket)

    @rule(ticket=tickets, other=tickets)
    def merge(self, ticket: Ticket, other: Ticket) -> None:
        if self.attempt(lambda: ticket.merge(other, at=self.at), ticket, other):
            assert ticket.organisation == other.organisation

    @rule(ticket=tickets)
    def unmerge(self, ticket: Ticket) -> None:
        home = self.known[ticket.merged_into] if ticket.merged_into else ticket
        self.attempt(lambda: ticket.unmerge(home, at=self.at), ticket, home)

    @rule(ticket=tickets, other=tickets, kind=st.sampled_from(LinkKind), off=st.booleans())
    def link(self, ticket: Ticket, other: Ticket, kind: LinkKind, off: bool) -> None:
        self.attempt(lambda: (ticket.unlink if off else ticket.link)(other, kind, at=self.at), ticket, other)

    @rule(ticket=tickets, incident=people)
    def link_incident(self, ticket: Ticket, incident: Any) -> None:
        self.attempt(lambda: ticket.link_incident(incident, at=self.at), ticket)

    @rule(target=tickets, ticket=tickets, data=st.data())
    def split(self, ticket: Ticket, data: st.DataObject) -> Ticket:
        entries = tuple(data.draw(st.lists(st.sampled_from([*ticket.entries, an_id()]), max_size=3)))
        new = self.keep(
            open_ticket(
                at=self.at,
                organisation=ticket.organisation,
                body=None,
                origin=Origin(OriginKind.SPLIT_FROM, ticket.id, entries),
            )
        )
        self.attempt(lambda: ticket.split(new, entries, at=self.at), ticket)
        return new

    @rule(ticket=tickets, entries=st.integers(-1, 3))
    def import_history(self, ticket: Ticket, entries: int) -> None:
        self.attempt(
            lambda: ticket.import_history(
                at=self.at, system=ExternalSystem.RT, external="4711", entries=entries, from_=MONDAY - DAY, to=MONDAY
            ),
            ticket,
        )

    @rule(ticket=tickets)
    def time_tells(self, ticket: Ticket) -> None:
        """Every timer that is due, twice: once too often."""
        for deadline in [deadline for deadline in ticket.deadlines() if deadline.at <= self.at]:
            tell = ticket.note_sla_breached if deadline.kind is DeadlineKind.BREACH else ticket.note_sla_imminent
            for _ in range(2):
                assert self.attempt(lambda tell=tell, it=deadline.target: tell(it, at=self.at), ticket)  # type: ignore[misc]
        assert not [deadline for deadline in ticket.deadlines() if deadline.at <= self.at]

    @invariant()
    def histories_replay_to_the_same_state(self) -> None:
        for id, ticket in self.known.items():
            again = replayed(self.histories[id])
            assert again == ticket
            assert [event.originator_version for event in self.histories[id]] == list(range(1, ticket.version + 1))

    @invariant()
    def only_ways_of_the_table_are_gone(self) -> None:
        for history in self.histories.values():
            status, before_merge = Status.NEW, None
            for event in history[1:]:
                then = after(event, before_merge)
                if then is None:
                    continue
                assert then in ways(status, before_merge)
                before_merge = status if then is Status.MERGED else None
                status = then

    @invariant()
    def customers_count_only_what_they_may_see(self) -> None:
        for id, ticket in self.known.items():
            visible = [event for event in self.histories[id] if event.CLASS is not Classification.RESTRICTED]
            assert ticket.visible_version == len(visible)

    @invariant()
    def a_promise_is_warned_of_kept_and_broken_once(self) -> None:
        for history in self.histories.values():
            for topic in ("ticket.sla_imminent.v1", "ticket.sla_breached.v1"):
                targets = [event.target for event in history if topic == event.TOPIC]  # type: ignore[attr-defined]
                assert len(targets) == len(set(targets))
            first = [event for event in history if getattr(event, "first_response", False)]
            assert len(first) <= 1

    @invariant()
    def ties_stay_inside_one_organisation_and_merges_end_somewhere(self) -> None:
        for ticket in self.known.values():
            assert (ticket.status is Status.MERGED) == (ticket.merged_into is not None)
            seen = {ticket.id}
            while ticket.merged_into is not None:
                assert ticket.id in self.known[ticket.merged_into].absorbed
                ticket = self.known[ticket.merged_into]
                assert ticket.id not in seen
                seen.add(ticket.id)


TestTicket = TicketMachine.TestCase
TestTicket.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
