"""The support contract: an agreement that adds a product to base, for a time.

What it gives when is its course (course.py). A command takes effect now or later, never earlier (activation apart, which may confirm what
was agreed before); what it means for other contracts is kept in the ledgers (ledgers.py), in the same append. Rules as for tickets: a
command judges first, a refusal records nothing, and what would change nothing is accepted and records nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain import text
from domain.catalogue import PRODUCTS, Capability, Product
from domain.contracts.course import Course, Moment, Stretch, Turn
from domain.contracts.entitlements import known_product, lacking
from domain.contracts.events import (
    ContractActivated,
    ContractCeased,
    ContractDiscarded,
    ContractDrafted,
    ContractExpired,
    ContractPlanChanged,
    ContractRenewed,
    ContractResumed,
    ContractServiceCovered,
    ContractServiceManagerAssigned,
    ContractServiceManagerReleased,
    ContractServiceManagerReplaced,
    ContractStarted,
    ContractSuspended,
    ContractTerminated,
)
from domain.contracts.folding import after, begun
from domain.contracts.refusals import (
    ContractIsEnding,
    ContractStandsOtherwise,
    ManagerAssigned,
    NoManager,
    SuspensionIsPlanned,
    in_the_past,
    past_its_end,
)
from domain.contracts.vocabulary import CeaseCause, ContractStatus, ServiceManagerMode
from domain.errors import ValidationFailed
from domain.event import Aggregate, Classification, DomainEvent

EFFECTIVE_AT = ("input", "effectiveAt")
ALIVE = (ContractStatus.ACTIVE, ContractStatus.SUSPENDED)


class SupportContract(Aggregate):
    TOPIC = "contract"
    Event = DomainEvent
    Created = ContractDrafted  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def draft(
        cls,
        *,
        id: UUID,
        at: datetime,
        ref: str,
        organisation: UUID,
        product: str,
        from_: datetime,
        to: datetime | None = None,
        products: Sequence[Product] = PRODUCTS,
    ) -> SupportContract:
        """Written down, not in force. That its ref is no other's is reserved by a look-up in the same append. Raises ValidationFailed."""
        known_product(product, products)
        if to is not None and to <= from_:
            raise ValidationFailed(
                "A contract ends after it begins.", problem="OUT_OF_RANGE", path=("input", "to"), limit=from_.isoformat()
            )
        return cls._create(
            ContractDrafted,
            id=id,
            timestamp=at,
            ref=text.line(ref, path=("input", "ref"), what="The contract number", longest=60),
            organisation=organisation,
            product=product,
            from_=from_,
            to=to,
        )

    def activate(self, *, at: datetime, products: Sequence[Product] = PRODUCTS) -> None:
        """Put it in force from its date. What the product gives is copied from the catalogue, which may change later."""
        self._must_be(at, ContractStatus.DRAFT)
        course = self.course
        if course.to is not None and course.to <= at:
            raise past_its_end(course.to, path=("input", "contractId"))
        product = known_product(self.course.plans[0].product, products)
        self.trigger_event(
            ContractActivated,
            timestamp=at,
            ref=course.ref,
            organisation=course.organisation,
            product=product.code,
            capabilities=product.capabilities,
            from_=course.begins,
            to=course.to,
        )
        self.note_time(at=at)

    def change_plan(
        self, product: str, *, at: datetime, effective_at: datetime | None = None, products: Sequence[Product] = PRODUCTS
    ) -> None:
        """Another product from an instant on, now or later; None is now, or its beginning where that is to come.

        Changes that were planned for then or later are void.
        """
        self._must_go_on(at)
        wanted = known_product(product, products)
        since = self._effective(effective_at, at)
        if effective_at is None:
            since = max(since, self.course.begins)
        if since < self.course.begins:
            raise ValidationFailed(
                "The contract begins later.", problem="OUT_OF_RANGE", path=EFFECTIVE_AT, limit=self.course.begins.isoformat()
            )
        later = any(plan.from_ > since for plan in self.course.plans)
        previous = self.course.period_at(since).product
        if previous == product and not later:
            return
        self.trigger_event(
            ContractPlanChanged,
            timestamp=at,
            product=wanted.code,
            capabilities=wanted.capabilities,
            effective_at=since,
            previous=previous,
        )
        self.note_time(at=at)

    def renew(self, *, at: datetime, to: datetime | None) -> None:
        """A later end; None is open."""
        self._must_go_on(at)
        if self.course.to == to:
            return
        if self.course.to is None or (to is not None and to < self.course.to):
            raise ValidationFailed(
                "Renewing makes it last longer; terminate it to end it earlier.",
                problem="OUT_OF_RANGE",
                path=("input", "to"),
                limit=self.course.to.isoformat() if self.course.to else None,
            )
        self.trigger_event(ContractRenewed, timestamp=at, to=to)

    def suspend(self, *, at: datetime, effective_at: datetime | None = None) -> None:
        """It gives nothing above base from an instant on, until it is resumed. No date moves; the service manager stays."""
        self._must_go_on(at)
        since = self._effective(effective_at, at)
        last = self.course.suspensions[-1] if self.course.suspensions else None
        if last is not None and (last.to is None or since < last.to):
            status = self.course.status_at(at)
            raise SuspensionIsPlanned(status) if status is ContractStatus.ACTIVE else ContractStandsOtherwise(status)
        self.trigger_event(ContractSuspended, timestamp=at, effective_at=since)
        self.note_time(at=at)

    def resume(self, *, at: datetime, effective_at: datetime | None = None) -> None:
        """It gives what it did again from an instant on. Suspensions that have not begun by then never take place."""
        self._must_go_on(at)
        since = self._effective(effective_at, at)
        if not any(each.to is None or since < each.to for each in self.course.suspensions):
            status = self.course.status_at(at)
            if status is not ContractStatus.SUSPENDED:
                raise ContractStandsOtherwise(status)
            return  # it is to be resumed earlier
        self.trigger_event(ContractResumed, timestamp=at, effective_at=since)
        self.note_time(at=at)

    def terminate(self, *, at: datetime, effective_at: datetime | None = None) -> None:
        """It ends early, now or later; again, to end it earlier still. A draft is given up."""
        status = self.course.status_at(at)
        if status is ContractStatus.DRAFT:
            self.trigger_event(ContractDiscarded, timestamp=at)
            return
        self._must_be(at, *ALIVE)
        since = self._effective(effective_at, at, may_end=True)
        ends = self.course.ends
        if since == self.course.terminated_at:
            return
        if ends is not None and since >= ends:
            raise past_its_end(ends, path=EFFECTIVE_AT)
        self.trigger_event(ContractTerminated, timestamp=at, effective_at=since)
        self.note_time(at=at)

    def note_time(self, *, at: datetime) -> None:
        """Record what has come by now and was not recorded: beginnings, ends, and the end of the service manager with them."""
        for moment in self.course.moments:
            if moment.at > at:
                break
            self._note(moment, at)
        ends = self.course.ends
        if ends is not None and (ends <= at or ends <= self.course.begins):
            self._let_go(at, since=ends)

    def assign_manager(
        self, manager: UUID, mode: ServiceManagerMode, *, at: datetime, products: Sequence[Product] = PRODUCTS
    ) -> None:
        """Give a service manager, from now or the beginning on. Raises EntitlementRequired where the product has none."""
        since = self._may_be_managed(at, products)
        if self.course.manager is not None:
            raise ManagerAssigned
        self.trigger_event(ContractServiceManagerAssigned, timestamp=at, manager=manager, mode=mode, from_=since)

    def replace_manager(
        self, manager: UUID, mode: ServiceManagerMode, *, at: datetime, products: Sequence[Product] = PRODUCTS
    ) -> None:
        """Give another in one step, or the same one in another mode."""
        since = self._may_be_managed(at, products)
        now = self.course.manager
        if now is None:
            raise NoManager
        if (now.manager, now.mode) == (manager, mode):
            return
        self.trigger_event(
            ContractServiceManagerReplaced,
            timestamp=at,
            manager=manager,
            mode=mode,
            previous=now.manager,
            from_=max(since, now.time.from_),
        )

    def release_manager(self, *, at: datetime) -> None:
        """Take the service manager off."""
        if self.course.manager is None:
            raise NoManager
        self._let_go(at, since=at)

    def cover_service(self, component: UUID, *, at: datetime) -> None:
        """Name a service component as covered."""
        self._must_be(at, ContractStatus.DRAFT, *ALIVE)
        if component not in self.course.services:
            self.trigger_event(ContractServiceCovered, timestamp=at, component=component)

    @property
    def organisation(self) -> UUID:
        return self.course.organisation

    def evolve(self, event: DomainEvent) -> None:
        if isinstance(event, ContractDrafted):
            self.course: Course = begun(event)
            self.visible_version = 0
        else:
            self.course = after(self.course, event)
        if event.CLASS is not Classification.RESTRICTED:
            self.visible_version += 1

    def _must_be(self, at: datetime, *allowed: ContractStatus) -> None:
        status = self.course.status_at(at)
        if status not in allowed:
            raise ContractStandsOtherwise(status)

    def _must_go_on(self, at: datetime) -> None:
        """In force and with no end but its term."""
        self._must_be(at, *ALIVE)
        if self.course.terminated_at is not None:
            raise ContractIsEnding(self.course.status_at(at), self.course.terminated_at)

    def _effective(self, effective_at: datetime | None, at: datetime, *, may_end: bool = False) -> datetime:
        """When it counts: now or later, inside the term, and not before what was told last (clocks of two machines differ a little)."""
        if effective_at is not None and effective_at < at:
            raise in_the_past(at, path=EFFECTIVE_AT)
        since = effective_at or at
        if self.course.told is not None:
            since = max(since, self.course.told.at)
        ends = self.course.ends
        if ends is not None and since >= ends and not may_end:
            raise past_its_end(ends, path=EFFECTIVE_AT)
        return since

    def _may_be_managed(self, at: datetime, products: Sequence[Product]) -> datetime:
        self._must_be(at, ContractStatus.ACTIVE)
        since = max(at, self.course.begins)
        stretch = self.course.stretch_at(since)
        if stretch is None or not stretch.gives(Capability.SERVICE_MANAGER):
            raise lacking(Capability.SERVICE_MANAGER, products)
        return since

    def _note(self, moment: Moment, at: datetime) -> None:
        match moment.turn, moment.stretch:
            case Turn.START, Stretch(product=product, capabilities=capabilities):
                self.trigger_event(ContractStarted, timestamp=at, product=product, capabilities=capabilities, since=moment.at)
                if Capability.SERVICE_MANAGER not in capabilities:
                    self._let_go(at, since=moment.at)
            case Turn.EXPIRE, _:
                self.trigger_event(ContractExpired, timestamp=at, since=moment.at)
            case _:
                because = moment.because or CeaseCause.SUSPENDED
                self.trigger_event(ContractCeased, timestamp=at, because=because, since=moment.at)

    def _let_go(self, at: datetime, *, since: datetime) -> None:
        now = self.course.manager
        if now is not None:
            self.trigger_event(ContractServiceManagerReleased, timestamp=at, manager=now.manager, to=max(since, now.time.from_))
