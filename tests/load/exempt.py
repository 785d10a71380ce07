"""What may read much, and what need not be asked here: by name, with the reason."""

_COUNTED = "a report counts what there is in its time"
REPORTS: dict[str, str] = {
    "report_availability.uptimes": _COUNTED,
    "report_counting.ageing": _COUNTED,
    "report_counting.compliance": _COUNTED,
    "report_counting.satisfaction": _COUNTED,
    "report_counting.times": _COUNTED,
    "report_counting.volume": _COUNTED,
    "review_pack.live_pack": "the reports of a quarter together",
}
"""These may read all there is."""
WALKS: dict[str, str] = {
    "ticket_reading.tickets": "a list follows its order until its page is full: a filter that little fits is walked to the end",
    "ticket_reading.ticket_count": "ten thousand are looked at, of each organisation or of all, or what an index leads to",
    "search.search": "what is found is ranked, so all that has the words is looked at",
    "contracts.contracts_page": "its totalCount counts the contracts that fit, of which there are some for each customer",
    "subscription_targets.targets": "a post may be for everybody who subscribed",
}
"""These follow an index, and may follow it far."""
NOT_ASKED: dict[str, str] = REPORTS
"""Query functions in use that nothing here asks."""
