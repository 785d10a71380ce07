"""One plain sentence for each entry of a timeline, for clients that do not know its kind and for those who listen to a screen."""

from __future__ import annotations

from projections.ticket_rows import Entry

_STATES = {
    "NEW": "was opened", "OPEN": "is being worked on", "PENDING_CUSTOMER": "waits for the customer", "ON_HOLD": "is on hold",
    "SNOOZED": "sleeps", "RESOLVED": "is resolved", "CLOSED": "is closed", "MERGED": "lives on in another", "SPAM": "is no inquiry",
}  # fmt: skip
_RELATIONS = {
    "MERGED_INTO": "This ticket was merged into another", "MERGED_FROM": "Another ticket was merged into this one",
    "UNMERGED": "A merge was undone", "SPLIT_TO": "Entries were taken out into another ticket",
    "SPLIT_FROM": "This ticket was taken out of another", "LINKED": "Another ticket was linked", "UNLINKED": "A link was removed",
    "INCIDENT_LINKED": "This ticket was linked to an incident", "MAINTENANCE_LINKED": "This ticket was linked to planned work",
}  # fmt: skip
_PROMISES = {"APPLIED": "made", "IMMINENT": "near its end", "MET": "kept", "BREACHED": "broken"}


def _words(name: str) -> str:
    return name.replace("_", " ").lower()


def summary(entry: Entry) -> str:
    """What happened, without its text: a sentence may be shown where the text must not."""
    detail = entry.detail
    match entry.type:
        case "MessageEntry":
            return "A message from the customer." if detail.get("direction") == "INBOUND" else "A reply to the customer."
        case "InternalNoteEntry":
            return "An internal note."
        case "PhoneCallEntry":
            return "A call from the customer." if detail.get("direction") == "INBOUND" else "A call to the customer."
        case "AttachmentEntry":
            return "A file was added."
        case "StatusEntry":
            return f"The ticket {_STATES.get(entry.after or '', 'changed its state')}."
        case "AssignmentEntry":
            return "It was given to somebody." if entry.agent_after else "It was given back to the team."
        case "TransferEntry":
            return "It went to another team or organisation."
        case "ClassificationEntry":
            what = _words(str(detail.get("what", "FIELD"))).capitalize()
            named = f"{what} {detail['key']}" if "key" in detail else what
            if what == "Field":  # its values are personal
                return f"{named} changed."
            return f"{named}: {_words(entry.before or 'none')} → {_words(entry.after or 'none')}."
        case "RelationEntry":
            return _RELATIONS.get(str(detail.get("change")), "Its relation to another ticket changed") + "."
        case "EscalationEntry":
            return f"Help was called: {_words(str(detail.get('target', '')))}."
        case "SlaEntry":
            metric = _words(entry.sla.metric) if entry.sla else "promise"
            return f"The {metric} promise is {_PROMISES.get(str(detail.get('change')), 'changed')}."
        case "RatingEntry":
            return f"The requester rated the resolution {detail.get('score')} of 5."
        case _:
            return "Something happened."
