"""Custom fields: their definitions from the settings, and their values by type."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry

from domain.policies import FieldDefinition, FieldType, Policies
from projections.ticket_rows import Field
from services.gateway.access import AccessLevel
from services.gateway.tickets.happenings import Visibility
from services.gateway.tickets.vocabulary import TicketFieldType


@strawberry.type(description="A custom field, from the settings.")
class TicketFieldDefinition:
    key: str = strawberry.field(description="Key.")
    label: str = strawberry.field(description="Name to show.")
    type: TicketFieldType = strawberry.field(description="What values it takes.")
    options: list[str] = strawberry.field(description="Choices; empty unless OPTIONS.")
    set_by: AccessLevel = strawberry.field(description="Who may set it.")
    visibility: Visibility = strawberry.field(description="Who sees it.")


@strawberry.type(description="Text.")
class TextValue:
    text: str = strawberry.field(description="It.")


@strawberry.type(description="A number.")
class NumberValue:
    number: float = strawberry.field(description="It.")


@strawberry.type(description="A day.")
class DateValue:
    date: date = strawberry.field(description="It.")


@strawberry.type(description="Choices.")
class OptionsValue:
    options: list[str] = strawberry.field(description="They.")


TicketFieldValue = Annotated[
    TextValue | NumberValue | DateValue | OptionsValue,
    strawberry.union(name="TicketFieldValue", description="A field's value by its type."),
]


@strawberry.type(description="One field and its value.")
class TicketField:
    key: str = strawberry.field(description="Key, in the settings.")
    label: str = strawberry.field(description="Name to show.")
    value: TicketFieldValue = strawberry.field(description="Value.")


def definitions(policies: Policies, *, staff: bool) -> list[TicketFieldDefinition]:
    """The fields a ticket can have; customers are not told of those that only staff see."""
    return [
        TicketFieldDefinition(
            key=each.key,
            label=each.label,
            type=TicketFieldType[each.type.value],
            options=list(each.options),
            set_by=AccessLevel[each.set_by.value],
            visibility=Visibility[each.visibility.value],
        )
        for each in policies.fields
        if staff or each.visibility.value == "EVERYONE"
    ]


def values(policies: Policies, rows: Sequence[Field]) -> list[TicketField]:
    """Values in the order of the settings; a field no longer defined shows last, by its key."""
    places = {each.key: place for place, each in enumerate(policies.fields)}
    shown = []
    for row in sorted(rows, key=lambda each: (places.get(each.key, len(places)), each.key)):
        known = policies.field(row.key)
        shown.append(TicketField(key=row.key, label=known.label if known else row.key, value=_value(known, row.value)))
    return shown


def _value(known: FieldDefinition | None, value: str | float | list[str]) -> TicketFieldValue:
    if isinstance(value, list):
        return OptionsValue(options=value)
    if not isinstance(value, str):
        return NumberValue(number=value)
    if known is not None and known.type is FieldType.DATE:
        return DateValue(date=date.fromisoformat(value))
    return TextValue(text=value)
