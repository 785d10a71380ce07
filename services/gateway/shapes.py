"""Shapes that every room shares: nodes, actors, pages, bounded counts."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

import strawberry

from projections.paging import Connection
from services.gateway.described import said
from services.gateway.scalars import Cursor

N = TypeVar("N")


@strawberry.interface(description="Anything with a global id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque global id.")


@strawberry.interface(description="Whoever did something. Unknown kinds can be shown by their name.")
class Actor:
    id: strawberry.ID = strawberry.field(description="Opaque global id.")
    display_name: str = strawberry.field(description='A name to show; "Erased person" once erased.')


@strawberry.type(description="Relay paging.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="More follow.")
    has_previous_page: bool = strawberry.field(description="Some precede.")
    start_cursor: Cursor | None = strawberry.field(description="First cursor here; null on an empty page.")
    end_cursor: Cursor | None = strawberry.field(description="Last cursor here; null on an empty page.")


@strawberry.type(description="A count that stays cheap.")
class BoundedCount:
    value: int = strawberry.field(
        description="The count, at most 1000; where no index leads to what fits, of the newest 10,000."
    )
    precision: CountPrecision = strawberry.field(description="Whether it is the whole.")


@strawberry.enum(description="How to read a bounded count.")
class CountPrecision(Enum):
    EXACT = said("EXACT", "That many.")
    AT_LEAST = said("AT_LEAST", "That many or more.")


@strawberry.enum(description="Which way to sort.")
class SortDirection(Enum):
    ASC = said("ASC", "Smallest or oldest first.")
    DESC = said("DESC", "Largest or newest first.")


@strawberry.enum(description="There or not.")
class Presence(Enum):
    PRESENT = said("PRESENT", "There.")
    ABSENT = said("ABSENT", "Not there.")


def page_info(connection: Connection[Any]) -> PageInfo:
    edges = connection.edges
    return PageInfo(
        has_next_page=connection.has_next,
        has_previous_page=connection.has_previous,
        start_cursor=Cursor(edges[0].cursor) if edges else None,
        end_cursor=Cursor(edges[-1].cursor) if edges else None,
    )


def given(value: N | None) -> N | None:
    """A field of a @oneOf input: None where another was given."""
    return None if value is strawberry.UNSET else value


def member(enum: type[N], name: str) -> N:
    """The enum's member of this name. Rows say names; the schema has members."""
    return enum[name]  # type: ignore[index, no-any-return]
