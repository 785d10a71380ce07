"""Tells what became of each ticket: by the commands of customers, mail and staff, at the times when it happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from domain.policies import queue_id
from domain.tickets.ticket import Ticket
from domain.tickets.vocabulary import AfterReply, Channel, Direction, Priority, RedactionReason
from projections.viewer import Role, Viewer
from services.commands import conversation, mail, people, relations
from services.commands.desk import By, Desk, change
from services.commands.opening import NewTicket, PhoneCall, log_phone_call, open_ticket
from services.commands.promises import change_promised
from services.demo.chronicle import Chronicle
from services.demo.course import Moment
from services.demo.customers import Member
from services.demo.plan import Case
from services.demo.status import StatusPage
from services.demo.stories import Step
from services.runtime.command import Receipt
from services.runtime.decision import Decision


def as_viewer(member: Member) -> Viewer:
    # A service manager acts here as an agent would: whom they serve is told by contracts.
    return Viewer(Role.AGENT if member.role is Role.SERVICE_MANAGER else member.role, member.id)


@dataclass
class Tickets:
    """`viewers` are customers by address; `ids` fills with the tickets told, by number of their case."""

    desk: Desk
    chronicle: Chronicle
    page: StatusPage
    viewers: Mapping[str, Viewer]
    until: datetime
    ids: dict[int, UUID] = field(default_factory=dict)
    first_entries: dict[int, UUID] = field(default_factory=dict)

    def moments(self, case: Case) -> Iterator[Moment]:
        """All of a case that has happened by the end."""
        if case.opens_at > self.until:
            return
        rests_on = (f"organisation/{case.customer.ref}", f"contact/{case.customer.email(case.person)}")
        yield Moment(case.opens_at, partial(self._open, case), (case.key,), rests_on)
        for place, (at, step, text) in enumerate(case.steps):
            if at > self.until:
                break
            changes = (case.key, f"ticket/{case.same_as}") if step.act == "merged" else (case.key,)
            yield Moment(at, partial(self._tell, case, place, step, text, at), changes, rests_on)
        if not case.story.spam and case.same_as is None:
            running = self.page.concerning(case.story.services, case.opens_at + timedelta(minutes=4))
            if running is not None and (at := case.opens_at + timedelta(minutes=4)) <= self.until:
                yield Moment(at, partial(self._link, case, running, at), (case.key, f"notice/{running}"))
        yield Moment(self.until, partial(self._time_passes, case, self.until), (case.key,))

    async def _open(self, case: Case) -> None:
        key, at = f"{case.key}/0", case.opens_at
        who = self._requester(case)
        if case.channel is Channel.EMAIL:
            by = self.chronicle.mailbox(at, key, case.key)
            sender = case.stranger or case.customer.email(case.person)
            letter = mail.Mail(
                self._message(case, 0),
                sender,
                case.subject,
                case.body,
                sender_name=self._name(case),
                language=case.story.language,
            )
            receipt = await mail.ingest(self.desk, by, letter)
        elif case.channel is Channel.PHONE:
            by = self._staff(case, at, key)
            call = PhoneCall(Direction.INBOUND, who.id, at - timedelta(minutes=7), timedelta(minutes=6), case.body)
            receipt = await log_phone_call(self.desk, by, self._new(case), call)
        else:
            by = self.chronicle.by(who, at, key, case.key)
            receipt = await open_ticket(self.desk, by, self._new(case), body=case.body, channel=Channel.PORTAL)
        self.ids[case.number] = UUID(receipt.ids["ticket"])
        self.first_entries[case.number] = UUID(receipt.ids["entry"])

    def _new(self, case: Case) -> NewTicket:
        story = case.story
        return NewTicket(
            story.kind,
            case.subject,
            priority=story.priority,
            severity=story.severity,
            queue=None if case.channel is Channel.PHONE else queue_id(story.queue),
            requester=self._requester(case).id,
            services=[self.page.components[ref] for ref in story.services],
            fields=[("region", (case.voice.words["region"],))] if story.region else [],
        )

    async def _tell(self, case: Case, place: int, step: Step, text: str, at: datetime) -> None:
        await self._time_passes(case, at)
        key, ticket, desk = f"{case.key}/{place + 1}", self.ids[case.number], self.desk
        agent = self._staff(case, at, key)
        match step.act:
            case "writes":
                receipt = await self._writes(case, place, text, at, key)
                self.ids[case.number] = UUID(receipt.ids["ticket"])  # a late one opens another
            case "answers":
                await conversation.reply(desk, agent, ticket, body=text)
            case "asks":
                await conversation.reply(desk, agent, ticket, body=text, then=AfterReply.AWAIT_CUSTOMER)
            case "solves":
                await conversation.reply(desk, agent, ticket, body=text, then=AfterReply.RESOLVE)
            case "notes":
                await conversation.add_internal_note(desk, agent, ticket, body=text)
            case "assigned":
                await people.assign(desk, agent, ticket, case.agent.id)
                if case.channel is Channel.EMAIL and case.story.priority is not Priority.NORMAL:  # mail says nothing of it
                    await self._raise(case, at, f"{key}/priority", case.story.priority)
            case "raised":
                await self._raise(case, at, key, step.priority)
            case "merged":
                assert case.same_as is not None
                await relations.merge(desk, agent, ticket, self.ids[case.same_as])
            case "redacted":
                await conversation.redact(desk, agent, ticket, self.first_entries[case.number], RedactionReason.SECRET)
            case _:
                await self._classify(case, step, text, at, key)

    async def _classify(self, case: Case, step: Step, text: str, at: datetime, key: str) -> None:
        ticket, desk, agent, who = self.ids[case.number], self.desk, self._staff(case, at, key), self._requester(case)
        match step.act:
            case "tagged":
                await change(desk, agent, ticket, Ticket.tag, text, at=at)
            case "held":
                await change(desk, agent, ticket, Ticket.put_on_hold, step.hold, at=at)
            case "snoozed":
                await change(desk, agent, ticket, Ticket.snooze, at + timedelta(days=2), at=at)
            case "escalated":
                await change(desk, agent, ticket, Ticket.escalate, step.target, at=at)
            case "spam":
                await change(desk, agent, ticket, Ticket.mark_as_spam, at=at)
            case "rated":
                by = self.chronicle.by(who, at, key, case.key)
                await change(desk, by, ticket, Ticket.rate, step.score, at=at, by=who.id, comment=text or None)
            case "calls":
                call = PhoneCall(Direction.OUTBOUND, who.id, at - timedelta(minutes=9), timedelta(minutes=8), text)
                await log_phone_call(desk, agent, ticket, call)

    async def _writes(self, case: Case, place: int, text: str, at: datetime, key: str) -> Receipt:
        if case.channel is Channel.EMAIL:
            by = self.chronicle.mailbox(at, key, case.key)
            sender = case.customer.email(case.person)
            before = [self._message(case, 0)]
            letter = mail.Mail(
                self._message(case, place + 1),
                sender,
                f"Re: {case.subject}",
                text,
                answers=before,
                language=case.story.language,
            )
            return await mail.ingest(self.desk, by, letter)
        by = self.chronicle.by(self._requester(case), at, key, case.key)
        return await conversation.reply(self.desk, by, self.ids[case.number], body=text)

    async def _raise(self, case: Case, at: datetime, key: str, priority: Priority) -> None:
        by = self._staff(case, at, key)
        await change_promised(
            self.desk, by, self.ids[case.number], lambda found, terms: found.change_priority(priority, at=at, terms=terms)
        )

    async def _link(self, case: Case, notice: str, at: datetime) -> None:
        await self.page.link(self.ids[case.number], notice, at, case.key)

    async def _time_passes(self, case: Case, until: datetime) -> None:
        """What time would have brought to this ticket, each at its instant, in order."""
        ticket = self.ids[case.number]
        due = self.chronicle.alarms.get(ticket, until)
        if due is None or due > until:
            return
        policies = self.chronicle.policies

        async def decide(decision: Decision) -> None:
            found = await decision.load(Ticket, ticket)
            before = -1
            while found.version != before:
                before = found.version
                _next_moment(found, until, policies.close_after)
            self.chronicle.note(found)

        await self.desk.writer.decide(self.chronicle.time(until, case.key), decide)

    def _requester(self, case: Case) -> Viewer:
        return self.viewers[case.customer.email(case.person)]

    def _staff(self, case: Case, at: datetime, key: str) -> By:
        return self.chronicle.by(as_viewer(case.agent), at, key, case.key)

    def _name(self, case: Case) -> str | None:
        return None if case.stranger else case.person

    def _message(self, case: Case, place: int) -> str:
        return f"<{self.chronicle.bytes(case.key, place, 8).hex()}@{case.customer.domain}>"


def _next_moment(ticket: Ticket, until: datetime, close_after: timedelta) -> None:
    """The next thing that time does to it, judged anew afterwards: one changes what the others are."""
    before = ticket.version
    moments = [(deadline.at, deadline.kind.value, deadline.target) for deadline in ticket.deadlines()]
    if ticket.snoozed_until is not None:
        moments.append((ticket.snoozed_until, "WAKE", ticket.id))
    if ticket.resolved_at is not None:
        moments.append((ticket.resolved_at + close_after, "CLOSE", ticket.id))
    for at, kind, target in sorted(moments):
        if at > until or ticket.version != before:
            break
        match kind:
            case "IMMINENT":
                ticket.note_sla_imminent(target, at=at)
            case "BREACH":
                ticket.note_sla_breached(target, at=at)
            case "WAKE":
                ticket.wake(at=at)
            case "CLOSE":
                window = max(at, ticket.reopenable_until or at)
                ticket.close_by_time(at=at, close_after=close_after, reopenable_until=window)
