"""A contact: a person who writes to us, of one organisation or, as yet, of none.

Name, address and number are sealed with the person's own key, and the key is destroyed when they are erased.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain import text
from domain.errors import ValidationFailed
from domain.event import Aggregate, DomainEvent, Personal
from domain.organisations import addresses
from domain.organisations.events import (
    ContactEmailVerified,
    ContactErased,
    ContactExportCompleted,
    ContactExportRequested,
    ContactLinked,
    ContactRegistered,
    ContactRole,
    ContactRoleChanged,
    ContactUnlinked,
    ContactVerificationRequested,
)
from domain.organisations.refusals import ContactIsErased, LinkedElsewhere, NotLinked, VerificationInvalid


class Contact(Aggregate):
    TOPIC = "contact"
    Event = DomainEvent
    Created = ContactRegistered  # type: ignore[assignment]  # the library wants it named; its own base is no variable

    @classmethod
    def register(cls, *, id: UUID, at: datetime, name: str, email: str, phone: str | None = None) -> Contact:
        """That the address is nobody else's is reserved by a look-up in the same append. Raises ValidationFailed."""
        return cls._create(
            ContactRegistered,
            id=id,
            timestamp=at,
            name=Personal(text.line(name, path=("input", "name"), what="The name"), of=id),
            email=Personal(addresses.email(email, path=("input", "email")), of=id),
            phone=None if phone is None else Personal(addresses.phone(phone, path=("input", "phone")), of=id),
        )

    def request_verification(self, *, at: datetime, token_hash: str, expires_at: datetime) -> None:
        """A link goes out; an earlier one is void. Records nothing where the address is proven."""
        self._must_exist()
        if self.verified:
            return
        if expires_at <= at:
            raise ValidationFailed("The link expires before it is sent.", problem="OUT_OF_RANGE", limit=at.isoformat())
        self.trigger_event(ContactVerificationRequested, timestamp=at, token_hash=token_hash, expires_at=expires_at)

    def verify_email(self, *, at: datetime, token_hash: str) -> None:
        """Somebody came by the link. Raises VerificationInvalid, which does not tell why."""
        self._must_exist()
        if self.awaited is None or token_hash != self.awaited[0] or at >= self.awaited[1]:
            raise VerificationInvalid
        self.trigger_event(ContactEmailVerified, timestamp=at)

    def link(self, organisation: UUID, role: ContactRole, *, at: datetime) -> None:
        """Make them one of an organisation. There already: their role changes, if it does."""
        self._must_exist()
        if self.organisation == organisation:
            self.change_role(role, at=at)
            return
        if self.organisation is not None:
            raise LinkedElsewhere
        self.trigger_event(ContactLinked, timestamp=at, organisation=organisation, role=role)

    def unlink(self, *, at: datetime) -> None:
        self._must_exist()
        if self.organisation is not None:
            self.trigger_event(ContactUnlinked, timestamp=at, organisation=self.organisation)

    def change_role(self, role: ContactRole, *, at: datetime) -> None:
        self._must_exist()
        if self.organisation is None:
            raise NotLinked
        if self.role is not role:
            self.trigger_event(ContactRoleChanged, timestamp=at, role=role)

    def request_export(self, export: UUID, *, at: datetime) -> UUID:
        """A copy of their data is to be made: this one, or the one that is being made already. Returns which."""
        self._must_exist()
        if self.exporting is None:
            self.trigger_event(ContactExportRequested, timestamp=at, export=export)
            return export
        return self.exporting

    def complete_export(self, export: UUID, *, at: datetime, expires_at: datetime) -> None:
        """It is made. Said once, however many made it; of a person who was erased meanwhile nothing is said."""
        if self.exporting == export and not self.erased:
            self.trigger_event(ContactExportCompleted, timestamp=at, export=export, expires_at=expires_at)

    def erase(self, *, at: datetime) -> None:
        """Whoever records this destroys the person's key in the same append. Erasing again records nothing."""
        if not self.erased:
            self.trigger_event(ContactErased, timestamp=at)

    def _must_exist(self) -> None:
        if self.erased:
            raise ContactIsErased

    @property
    def organisation(self) -> UUID | None:
        return self._homes[-1][1]

    def audience(self, event: DomainEvent) -> UUID | None:
        """Where they belonged when it was recorded; leaving is told to the organisation that is left."""
        if isinstance(event, ContactUnlinked):
            return event.organisation
        return next(home for since, home in reversed(self._homes) if since <= event.originator_version)

    def evolve(self, event: DomainEvent) -> None:
        match event:
            case ContactRegistered():
                self.name = event.name.value
                self.email = event.email.value
                self.phone = event.phone.value if event.phone else None
                self.role: ContactRole | None = None
                self.verified = False
                self.awaited: tuple[str, datetime] | None = None
                self.exporting: UUID | None = None
                self.erased = False
                self._homes: list[tuple[int, UUID | None]] = [(event.originator_version, None)]
            case ContactVerificationRequested():
                self.awaited = (event.token_hash, event.expires_at)
            case ContactEmailVerified():
                self.verified, self.awaited = True, None
            case ContactLinked():
                self._homes.append((event.originator_version, event.organisation))
                self.role = event.role
            case ContactUnlinked():
                self._homes.append((event.originator_version, None))
                self.role = None
            case ContactRoleChanged():
                self.role = event.role
            case ContactExportRequested():
                self.exporting = event.export
            case ContactExportCompleted():
                self.exporting = None
            case ContactErased():
                self.erased = True
                self.name = self.email = self.phone = self.awaited = self.exporting = None
