"""Telling people what happened: each message is queued once, however often and by however many it is tried.

Decision: the message's id follows from the event, from what it is for and from the recipient, so trying again finds it there. Whom it is
for is judged on their own stream within the decision, so nobody is told who has left, paused or was erased a moment ago. Read models
only name the candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from domain.deliveries.delivery import Delivery
from domain.deliveries.vocabulary import NotificationChannel, SuppressionReason, Thread
from domain.errors import NotFound
from domain.organisations.contact import Contact
from domain.subscriptions.digest import Digest
from domain.subscriptions.subscription import StatusSubscription
from domain.tickets.status import Status
from domain.tickets.ticket import Ticket
from services.commands import post_messages, subscription_messages
from services.commands.conversation import lives_on_in
from services.commands.posts import Post
from services.runtime.act import SYSTEM, Idempotency
from services.runtime.cloudevents import Naming
from services.runtime.command import Receipt, RecordedEvent
from services.runtime.decision import Decision
from services.runtime.errors import PersonErased
from services.runtime.writer import Writer, caused_by

EMAIL = NotificationChannel.EMAIL
SILENT = frozenset({Status.SPAM, Status.CLOSED})
"""Tickets whose people are told nothing: spam concerns nobody, and what is closed is over for its customer."""


@dataclass(frozen=True)
class Message:
    """A finished mail to a contact about an event; `aggregate` and `subject_id` say what it is for."""

    recipient: UUID
    aggregate: str
    subject_id: UUID
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Telling:
    """What whoever tells needs. A receipt without position means that there was nothing to record: told before, or nobody any more."""

    writer: Writer
    naming: Naming

    async def subscriber(self, post: Post, subscription: UUID, at: datetime) -> Receipt:
        """Queue the post for a subscription, held back for its quiet hours, or put it into its next digest."""
        row = post.row

        async def decide(decision: Decision) -> None:
            found = await decision.load(StatusSubscription, subscription)
            if not found.tells(post.severity, post.services):
                return
            if found.collects(post.severity):
                await _collect(decision, found, post, at)
                return
            assert found.destination is not None
            token = _unsubscribe(decision, found, at)
            written = post_messages.told(post, found.channel, self.naming, token, zone=found.zone)
            decision.add(
                Delivery.queue(
                    at=at,
                    channel=found.channel,
                    aggregate=found.TOPIC,
                    subject_id=found.id,
                    about=post.about,
                    recipient=found.owner,
                    organisation=found.organisation,
                    to=found.destination,
                    subject=written.subject,
                    text=written.text,
                    epoch=row.epoch,
                    not_before=found.not_before(post.severity, at=at),
                )
            )

        # Tried again after the turn of an hour it would be another digest: the key remembers that it is in one.
        once = Idempotency("notifier", f"{row.epoch}/{post.about}/{subscription}", b"")
        try:
            return await self.writer.decide(caused_by(row, SYSTEM, at, once), decide)
        except PersonErased:  # its owner, a moment ago: the subscription ends for that, and others are told
            return Receipt(position=None, versions={}, ids={})

    async def ticket(self, post: Post, ticket: UUID, at: datetime) -> Receipt:
        """Queue the post for the requester and the watchers of a linked ticket, each on their own, as mail on that ticket's thread.

        A merged ticket is told on the one it lives on in, to the requester of either.
        """

        async def decide(decision: Decision) -> None:
            linked = await decision.load(Ticket, ticket)
            home = await lives_on_in(decision, linked)
            if home.status in SILENT or linked.status in SILENT:
                return
            written = post_messages.on_ticket(post, home.ref)
            mine = [linked.requester] if home.belongs_with(linked) else []
            for person in dict.fromkeys([home.requester, *sorted(home.watchers), *mine]):
                about = Message(person, home.TOPIC, home.id, written.subject, written.text)
                delivery = await self._mail(decision, post.row, about, at, threaded=True)
                if delivery is not None:
                    # An answer to this message is found by its Message-ID, as one to any other on the ticket.
                    decision.reserve("message_ticket", self.message_id(delivery), owner=home.id, subject=person)

        return await self.writer.decide(caused_by(post.row, SYSTEM, at), decide)

    async def person(self, event: RecordedEvent, message: Message, at: datetime) -> Receipt:
        """Queue a message for a contact. Whoever is no contact, was erased, or has no address is told nothing."""

        async def decide(decision: Decision) -> None:
            await self._mail(decision, event, message, at)

        return await self.writer.decide(caused_by(event, SYSTEM, at), decide)

    async def suppress(
        self, event: RecordedEvent, delivery: UUID, reason: SuppressionReason, at: datetime, *, shred: bool = False
    ) -> Receipt:
        """Let a message that waits not be sent. With `shred` its address and text can be read by nobody any more."""

        async def decide(decision: Decision) -> None:
            found = await decision.load(Delivery, delivery)
            found.suppress(reason, at=at)
            if shred:
                decision.destroy_entry(found.id)

        return await self.writer.decide(caused_by(event, SYSTEM, at), decide)

    def message_id(self, delivery: UUID) -> str:
        return f"<{delivery}@{urlsplit(self.naming.source).hostname}>"

    async def _mail(
        self, decision: Decision, event: RecordedEvent, message: Message, at: datetime, *, threaded: bool = False
    ) -> UUID | None:
        """The delivery's id where one was queued."""
        about = f"{event.stream}/{event.version}"
        id = Delivery.id_of(about, message.subject_id, message.recipient, EMAIL, epoch=event.epoch)
        if await _is_there(decision, id):
            return None
        try:
            person = await decision.load(Contact, message.recipient)
        except NotFound:
            return None  # a member of staff, who reads it where they work
        if person.erased or person.email is None:
            return None
        host = urlsplit(self.naming.source).hostname
        root = f"<{message.aggregate}.{message.subject_id}@{host}>"
        decision.add(
            Delivery.queue(
                at=at,
                channel=EMAIL,
                aggregate=message.aggregate,
                subject_id=message.subject_id,
                about=about,
                recipient=person.id,
                organisation=person.organisation,
                to=person.email,
                subject=message.subject,
                text=message.text,
                epoch=event.epoch,
                thread=Thread(self.message_id(id), (root,)) if threaded else None,
            )
        )
        return id


async def close_digest(decision: Decision, digest: Digest, posts: Sequence[Post], naming: Naming) -> None:
    """Tell what was collected, its time having come; for the scheduler. `posts` are those of the digest. Records nothing twice."""
    at = decision.act.at
    subscription = await decision.load(StatusSubscription, digest.subscription, seen=False)
    if not digest.close(at=at, told=subscription.sends) or not subscription.sends:
        return
    assert subscription.destination is not None
    token = _unsubscribe(decision, subscription, at)
    written = post_messages.digest(posts, subscription.channel, naming, token, zone=subscription.zone)
    decision.add(
        Delivery.queue(
            at=at,
            channel=subscription.channel,
            aggregate=subscription.TOPIC,
            subject_id=subscription.id,
            about=f"{digest.id}/{digest.version}",
            recipient=subscription.owner,
            organisation=subscription.organisation,
            to=subscription.destination,
            subject=written.subject,
            text=written.text,
            not_before=subscription.after_quiet(at=at),
        )
    )


async def _collect(decision: Decision, found: StatusSubscription, post: Post, at: datetime) -> None:
    due = found.not_before(post.severity, at=at)
    while True:
        try:
            digest = await decision.load(Digest, Digest.id_of(found.id, due), seen=False)
        except NotFound:
            decision.add(
                Digest.begin(at=at, subscription=found.id, organisation=found.organisation, due_at=due, post=post.about)
            )
            return
        if not digest.closed or post.about in digest.posts:
            digest.collect(post.about, at=at)
            return
        # The clock of whoever closed it is a moment ahead of ours: the next one takes it.
        due = found.not_before(post.severity, at=due + timedelta(microseconds=1))


def _unsubscribe(decision: Decision, found: StatusSubscription, at: datetime) -> str | None:
    """A token, but not on phones, where it would be half the message: that says where to turn instead."""
    if found.channel is NotificationChannel.SMS:
        return None
    return subscription_messages.unsubscribe_token(decision, found.id, at)


async def _is_there(decision: Decision, delivery: UUID) -> bool:
    try:
        await decision.load(Delivery, delivery, seen=False)
    except NotFound:
        return False
    return True
