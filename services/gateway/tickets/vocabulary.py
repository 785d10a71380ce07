"""The enums of tickets: the domain's words, each with what it means. Their names are those of domain/tickets/vocabulary."""

from __future__ import annotations

from enum import Enum

import strawberry

from services.gateway.described import said


@strawberry.enum(description="Why they write.")
class TicketKind(Enum):
    REQUEST = said("REQUEST", "Wants something.")
    INCIDENT = said("INCIDENT", "Something fails.")


@strawberry.enum(description="Where it stands.")
class TicketStatus(Enum):
    NEW = said("NEW", "Nobody started.")
    OPEN = said("OPEN", "Being worked on.")
    PENDING_CUSTOMER = said("PENDING_CUSTOMER", "Waits for the customer.")
    ON_HOLD = said("ON_HOLD", "Waits for something else.")
    SNOOZED = said("SNOOZED", "Sleeps until a time.")
    RESOLVED = said("RESOLVED", "Solved; may be reopened.")
    CLOSED = said("CLOSED", "Done.")
    MERGED = said("MERGED", "Lives on in another.")
    SPAM = said("SPAM", "Not an inquiry.")


@strawberry.enum(description="How soon.")
class TicketPriority(Enum):
    LOW = said("LOW", "When there is time.")
    NORMAL = said("NORMAL", "In turn.")
    HIGH = said("HIGH", "Before others.")
    URGENT = said("URGENT", "Now.")


@strawberry.enum(description="How bad an incident is.")
class TicketSeverity(Enum):
    MINOR = said("MINOR", "A nuisance.")
    MAJOR = said("MAJOR", "Impaired.")
    CRITICAL = said("CRITICAL", "Down.")


@strawberry.enum(description="How a message came or went.")
class Channel(Enum):
    PORTAL = said("PORTAL", "The customer portal.")
    EMAIL = said("EMAIL", "E-mail.")
    PHONE = said("PHONE", "A logged call.")
    CHAT = said("CHAT", "A chat room.")
    API = said("API", "Another program.")
    RT = said("RT", "The RT bridge.")


@strawberry.enum(description="What it waits for.")
class HoldReason(Enum):
    SUPPLIER = said("SUPPLIER", "A supplier.")
    PLANNED_CHANGE = said("PLANNED_CHANGE", "A planned change.")
    INCIDENT = said("INCIDENT", "A running incident.")
    OTHER_TICKET = said("OTHER_TICKET", "Another ticket.")


@strawberry.enum(description="How it ended.")
class Resolution(Enum):
    SOLVED = said("SOLVED", "Solved.")
    WORKAROUND = said("WORKAROUND", "Can be lived with.")
    ANSWERED = said("ANSWERED", "A question answered.")
    NOT_REPRODUCIBLE = said("NOT_REPRODUCIBLE", "Could not be seen.")
    DECLINED = said("DECLINED", "Will not be done.")
    NO_RESPONSE = said("NO_RESPONSE", "The customer fell silent.")


@strawberry.enum(description="How two tickets belong together.")
class TicketLinkKind(Enum):
    RELATED = said("RELATED", "About the same.")
    BLOCKS = said("BLOCKS", "This holds up the other.")
    BLOCKED_BY = said("BLOCKED_BY", "The other holds up this.")
    DUPLICATES = said("DUPLICATES", "Same matter as the other.")
    FOLLOW_UP_OF = said("FOLLOW_UP_OF", "Opened by a late reply to the other.")
    SPLIT_FROM = said("SPLIT_FROM", "Taken out of the other.")


@strawberry.enum(description="To whom it goes up.")
class EscalationTarget(Enum):
    ON_CALL = said("ON_CALL", "The engineer on duty.")
    TEAM_LEAD = said("TEAM_LEAD", "The team's lead.")
    SERVICE_MANAGER = said("SERVICE_MANAGER", "The customer's service manager.")


@strawberry.enum(description="Commands a viewer can be offered; each is the mutation of like name.")
class TicketCommand(Enum):
    REPLY = said("REPLY", "Reply.")
    ADD_NOTE = said("ADD_NOTE", "Add a note.")
    ATTACH = said("ATTACH", "Attach.")
    ASSIGN = said("ASSIGN", "Assign, unassign.")
    TRANSFER = said("TRANSFER", "Transfer.")
    CLASSIFY = said("CLASSIFY", "Priority, severity, tags, fields.")
    START_WORK = said("START_WORK", "Start work.")
    AWAIT_CUSTOMER = said("AWAIT_CUSTOMER", "Await the customer.")
    HOLD = said("HOLD", "Put on hold.")
    SNOOZE = said("SNOOZE", "Snooze.")
    RESOLVE = said("RESOLVE", "Resolve.")
    CLOSE = said("CLOSE", "Close.")
    REOPEN = said("REOPEN", "Reopen.")
    MERGE = said("MERGE", "Merge.")
    UNMERGE = said("UNMERGE", "Unmerge.")
    SPLIT = said("SPLIT", "Split.")
    LINK = said("LINK", "Link, unlink.")
    ESCALATE = said("ESCALATE", "Escalate.")
    RATE = said("RATE", "Rate.")
    MARK_SPAM = said("MARK_SPAM", "Mark as spam, unmark.")
    REDACT = said("REDACT", "Redact.")
    WATCH = said("WATCH", "Watch, unwatch.")


@strawberry.enum(description="What the agent should know.")
class LanguageNotice(Enum):
    NONE = said("NONE", "English, as agreed.")
    REPLY_IN_ENGLISH = said("REPLY_IN_ENGLISH", "They wrote in another language; answer in English.")


@strawberry.enum(description="Types of field.")
class TicketFieldType(Enum):
    TEXT = said("TEXT", "Text.")
    NUMBER = said("NUMBER", "A number.")
    DATE = said("DATE", "A day.")
    OPTIONS = said("OPTIONS", "Choices.")


@strawberry.enum(description="Systems we bridge.")
class ExternalSystem(Enum):
    RT = said("RT", "Request Tracker.")


@strawberry.enum(description="Of a file.")
class ScanResult(Enum):
    PENDING = said("PENDING", "Not scanned yet.")
    CLEAN = said("CLEAN", "Nothing found.")
    INFECTED = said("INFECTED", "Kept away.")


@strawberry.enum(description="How we reach people.")
class NotificationChannel(Enum):
    EMAIL = said("EMAIL", "E-mail.")
    SMS = said("SMS", "Text message.")
    WEBHOOK = said("WEBHOOK", "A call to their system.")


@strawberry.enum(description="How far.")
class DeliveryState(Enum):
    QUEUED = said("QUEUED", "Waits.")
    HELD = said("HELD", "Held by quiet hours or a digest.")
    SENT = said("SENT", "Handed over.")
    DELIVERED = said("DELIVERED", "Confirmed.")
    FAILED = said("FAILED", "Given up.")
    SUPPRESSED = said("SUPPRESSED", "Not sent: paused, erased or not confirmed.")


@strawberry.enum(description="State along with a reply; staff only, but for KEEP.")
class AfterReply(Enum):
    KEEP = said("KEEP", "As it is; a customer's reply reopens what waits for it.")
    AWAIT_CUSTOMER = said("AWAIT_CUSTOMER", "Wait for the customer.")
    RESOLVE = said("RESOLVE", "Solved.")


@strawberry.enum(description="Why text was removed.")
class RedactionReason(Enum):
    SECRET = said("SECRET", "A password or key.")
    PERSONAL_DATA = said("PERSONAL_DATA", "Data that should not be here.")
    WRONG_RECIPIENT = said("WRONG_RECIPIENT", "Meant for somebody else.")


@strawberry.enum(description="Empties a field.")
class ClearField(Enum):
    CLEAR = said("CLEAR", "No value.")
