"""Which contracts."""

from __future__ import annotations

import strawberry

from services.gateway.contracts.vocabulary import ContractStatus
from services.gateway.tickets.filters import DateTimeComparator, IdComparator


@strawberry.input(description="Compares with values of ContractStatus.")
class ContractStatusComparator:
    eq: ContractStatus | None = strawberry.field(description="Is this.", default=None)
    in_: list[ContractStatus] | None = strawberry.field(description="Is one of, at most 50.", name="in", default=None)
    nin: list[ContractStatus] | None = strawberry.field(description="Is none of, at most 50.", default=None)


@strawberry.input(description="Which contracts.")
class ContractFilter:
    organisation: IdComparator | None = strawberry.field(description="Organisation.", default=None)
    status: ContractStatusComparator | None = strawberry.field(description="State now.", default=None)
    ends_at: DateTimeComparator | None = strawberry.field(description="A period ends.", default=None)
