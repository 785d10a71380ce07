"""An organisation: a customer. It always resolves to at least the base product, so a ticket never asks whether it may be one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain import text
from domain.event import Aggregate, DomainEvent, Personal
from domain.organisations import addresses
from domain.organisations.events import OrganisationErased, OrganisationErasureBegun, OrganisationRegistered
from domain.organisations.refusals import ContractInForce, OrganisationIsBeingErased, OrganisationIsErased


class Organisation(Aggregate):
    TOPIC = "organisation"
    Event = DomainEvent
    Created = OrganisationRegistered  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def register(cls, *, id: UUID, at: datetime, ref: str, name: str, email_domains: Sequence[str] = ()) -> Organisation:
        """That its ref is nobody else's is reserved by a look-up in the same append. Raises ValidationFailed."""
        return cls._create(
            OrganisationRegistered,
            id=id,
            timestamp=at,
            ref=Personal(addresses.ref(ref, path=("input", "ref")), of=id),
            name=Personal(text.line(name, path=("input", "name"), what="The name"), of=id),
            email_domains=Personal(
                tuple(
                    dict.fromkeys(
                        addresses.domain(each, path=("input", "emailDomains", str(index)))
                        for index, each in enumerate(email_domains)
                    )
                ),
                of=id,
            ),
        )

    def begin_erasure(self, *, at: datetime, contract_in_force: bool) -> None:
        """Shut the door, so that its people can be counted. Beginning again records nothing. Raises ContractInForce."""
        if self.erasing or self.erased:
            return
        if contract_in_force:
            raise ContractInForce
        self.trigger_event(OrganisationErasureBegun, timestamp=at)

    def erase(self, *, at: datetime) -> None:
        """Once its erasure began. Whoever records this destroys its key in the same append, and those of the last of its people."""
        if self.erasing:
            self.trigger_event(OrganisationErased, timestamp=at)

    def must_exist(self) -> None:
        """For who is about to tie something to it. Raises OrganisationIsErased, OrganisationIsBeingErased."""
        if self.erased:
            raise OrganisationIsErased
        if self.erasing:
            raise OrganisationIsBeingErased

    @property
    def organisation(self) -> UUID | None:
        return self.id

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case OrganisationRegistered():
                self.ref = event.ref.value or ""
                self.name = event.name.value
                self.email_domains = event.email_domains.value or ()
                self.erasing = self.erased = False
            case OrganisationErasureBegun():
                self.erasing = True
            case OrganisationErased():
                self.erasing, self.erased = False, True
                self.ref, self.name, self.email_domains = "", None, ()
