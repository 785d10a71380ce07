"""A status subscription: who is told, where, of what and when not."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from projections import deliveries
from projections import subscriptions as rows
from projections.paging import Connection
from services.gateway.context import Info
from services.gateway.contracts.loading import components
from services.gateway.ids import global_id
from services.gateway.people import loading as people
from services.gateway.people.parties import Organisation
from services.gateway.scalars import Cursor, TimeZone
from services.gateway.shapes import Node, PageInfo, member, page_info
from services.gateway.status.components import ServiceComponent
from services.gateway.status.vocabulary import StatusSeverity
from services.gateway.subscriptions.vocabulary import DigestMode, SubscriptionStatus
from services.gateway.tickets.vocabulary import DeliveryState, NotificationChannel


@strawberry.type(description="A nightly pause.")
class QuietHours:
    from_: str = strawberry.field(description="From, local, 22:00.", name="from")
    to: str = strawberry.field(description="To, local, 07:00.")
    time_zone: TimeZone = strawberry.field(description="Zone.")


@strawberry.type(description="How far an outgoing message came, by receiver.")
class Delivery:
    channel: NotificationChannel = strawberry.field(description="By.")
    state: DeliveryState = strawberry.field(description="State.")
    at: datetime = strawberry.field(description="Since when it is in it.")

    @classmethod
    def of(cls, row: deliveries.Delivery) -> Self:
        return cls(channel=member(NotificationChannel, row.channel), state=member(DeliveryState, row.state), at=row.at)


@strawberry.type(description="Tells somebody about status by e-mail, SMS or webhook. Secrets and tokens are never read back.")
class StatusSubscription(Node):
    version: int = strawberry.field(description="For expectedVersion.")
    channel: NotificationChannel = strawberry.field(description="How.")
    destination_hint: str | None = strawberry.field(
        description="Where to, shortened so that it can be recognised only; null when erased."
    )
    status: SubscriptionStatus = strawberry.field(description="Its state.")
    severity_floor: StatusSeverity = strawberry.field(description="Nothing below this.")
    quiet_hours: QuietHours | None = strawberry.field(description="When to be quiet; null for never.")
    urgent_from: StatusSeverity = strawberry.field(description="Sent even in quiet hours and digests from here up.")
    digest: DigestMode = strawberry.field(description="Together or at once.")
    recent_deliveries: list[Delivery] = strawberry.field(
        description="The last deliveries, newest first, at most 20: confirmations, tests, posts and digests."
    )
    row: strawberry.Private[rows.Subscription]

    @classmethod
    def of(cls, row: rows.Subscription) -> Self:
        quiet = None
        if row.quiet_from and row.quiet_to and row.quiet_zone:
            quiet = QuietHours(from_=row.quiet_from, to=row.quiet_to, time_zone=TimeZone(row.quiet_zone))
        return cls(
            id=global_id("subscription", row.id),
            version=row.version,
            channel=member(NotificationChannel, row.channel),
            destination_hint=row.hint,
            status=member(SubscriptionStatus, row.status),
            severity_floor=member(StatusSeverity, row.severity_floor),
            quiet_hours=quiet,
            urgent_from=member(StatusSeverity, row.urgent_from),
            digest=member(DigestMode, row.digest),
            recent_deliveries=[Delivery.of(each) for each in row.deliveries],
            row=row,
        )

    @strawberry.field(description="Whose; null where you may not read organisations.")
    async def organisation(self, info: Info) -> Organisation | None:
        row = await people.organisations(info.context).load(self.row.organisation)
        return Organisation.of(row) if row else None

    @strawberry.field(description="Services; empty means all.")
    async def services(self, info: Info) -> list[ServiceComponent]:
        found = await components(info.context).load_many(self.row.components)
        return [ServiceComponent.of(each) for each in found if each is not None]


@strawberry.type(description="One row.")
class StatusSubscriptionEdge:
    cursor: Cursor = strawberry.field(description="Its place.")
    node: StatusSubscription = strawberry.field(description="The row.")


@strawberry.type(description="A page of status subscriptions.")
class StatusSubscriptionConnection:
    edges: list[StatusSubscriptionEdge] = strawberry.field(description="Rows with cursors.")
    nodes: list[StatusSubscription] = strawberry.field(description="Rows.")
    page_info: PageInfo = strawberry.field(description="Where it lies.")

    @classmethod
    def of(cls, found: Connection[rows.Subscription]) -> Self:
        edges = [
            StatusSubscriptionEdge(cursor=Cursor(edge.cursor), node=StatusSubscription.of(edge.row)) for edge in found.edges
        ]
        return cls(edges=edges, nodes=[edge.node for edge in edges], page_info=page_info(found))
