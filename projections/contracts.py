"""Which contracts are there, how do they stand, and which products do they cover when?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, json

from projections.arguments import Arguments, document
from projections.contract_courses import Folded, folding, sees, written
from projections.database import Database, Statement
from projections.order import Order
from projections.paging import Connection, Cursors, Page, Place
from projections.projection import Projection
from projections.viewer import Viewer

TABLES = """
    CREATE TABLE contract_courses(contract uuid PRIMARY KEY, state text NOT NULL);
    CREATE TABLE contracts(
      id uuid PRIMARY KEY, audience uuid NOT NULL, ref text NOT NULL, version int NOT NULL, visible_version int NOT NULL,
      offered boolean NOT NULL, services uuid[] NOT NULL, last_product text NOT NULL);
    CREATE INDEX contracts_of_audience ON contracts(audience, id);
    CREATE TABLE contract_periods(
      contract uuid NOT NULL, place int NOT NULL, product text NOT NULL, from_at timestamptz NOT NULL, to_at timestamptz,
      PRIMARY KEY (contract, place));
    CREATE INDEX contract_periods_by_end ON contract_periods(to_at, contract) WHERE to_at IS NOT NULL;
    CREATE TABLE contract_states(
      contract uuid NOT NULL, place int NOT NULL, status text NOT NULL, from_at timestamptz NOT NULL, to_at timestamptz,
      PRIMARY KEY (contract, place));
    CREATE INDEX contract_states_by_status ON contract_states(status, contract);
"""
LOAD = "SELECT contract AS stream, state FROM contract_courses WHERE contract = ANY($1)"
SAVE_COURSE = """INSERT INTO contract_courses(contract, state) VALUES ($1, $2)
  ON CONFLICT (contract) DO UPDATE SET state = $2"""
SAVE = """INSERT INTO contracts(id, audience, ref, version, visible_version, offered, services, last_product)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (id) DO UPDATE SET version = $4, visible_version = $5, offered = $6, services = $7, last_product = $8"""
FORGET_PERIODS = "DELETE FROM contract_periods WHERE contract = $1"
PERIOD = "INSERT INTO contract_periods(contract, place, product, from_at, to_at) VALUES ($1, $2, $3, $4, $5)"
FORGET_STATES = "DELETE FROM contract_states WHERE contract = $1"
STATE = "INSERT INTO contract_states(contract, place, status, from_at, to_at) VALUES ($1, $2, $3, $4, $5)"


def _rows(contract: UUID, state: Folded) -> list[Statement]:
    course = state.course
    assert course is not None
    offered = course.activated_at is not None
    counted = (state.version, state.visible_version, offered, list(course.services), course.plans[-1].product)
    return [
        (SAVE_COURSE, (contract, written(state))),
        (SAVE, (contract, course.organisation, course.ref, *counted)),
        (FORGET_PERIODS, (contract,)),
        *(
            (PERIOD, (contract, place, period.product, period.time.from_, period.time.to))
            for place, period in enumerate(course.periods)
        ),
        (FORGET_STATES, (contract,)),
        *((STATE, (contract, place, status.value, time.from_, time.to)) for place, (status, time) in enumerate(course.states)),
    ]


contracts = Projection(
    "contracts", version=1, tables=TABLES, staff_tables=frozenset({"contract_courses"}), fold=folding(LOAD, _rows)
)


class Period(Struct, frozen=True, kw_only=True):
    """A product for a time, `to_at` not included."""

    product: str
    from_at: datetime
    to_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.from_at <= at and (self.to_at is None or at < self.to_at)


class State(Struct, frozen=True, kw_only=True):
    """How it stands for a time."""

    status: str
    from_at: datetime
    to_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.from_at <= at and (self.to_at is None or at < self.to_at)


class Contract(Struct, frozen=True, kw_only=True):
    """`version` is the one the viewer may see. A contract that ended before it began has no periods."""

    id: UUID
    ref: str
    version: int
    organisation_id: UUID
    services: list[UUID]
    last_product: str
    periods: list[Period]
    states: list[State]

    def status_at(self, at: datetime) -> str:
        return next((state.status for state in self.states if state.covers(at)), self.states[0].status)

    def product_at(self, at: datetime) -> str:
        """The product then; before the first period that one's, after the last that one's."""
        covering = [period for period in self.periods if period.covers(at)]
        past = [period for period in self.periods if period.from_at <= at]
        chosen = covering or past[-1:] or self.periods[:1]
        return chosen[0].product if chosen else self.last_product


class Wanted(Struct, frozen=True, kw_only=True):
    """Which contracts. A period ends in `[ends_from, ends_before)`; states are judged at the time of asking."""

    organisations: Sequence[UUID] | None = None
    not_organisations: Sequence[UUID] = ()
    statuses: Sequence[str] | None = None
    ends_from: datetime | None = None
    ends_before: datetime | None = None


class Contracts(Struct, frozen=True, kw_only=True):
    """A page and how many there are."""

    page: Connection[Contract]
    total: int


def contract(viewer: Viewer, alias: str) -> str:
    """The document of a row of contracts under this alias."""

    def parts(table: str, name: str) -> str:
        inner = document({name: f"x.{name}", "from_at": "x.from_at", "to_at": "x.to_at"})
        return f"(SELECT coalesce(json_agg({inner} ORDER BY x.place), '[]') FROM {table} x WHERE x.contract = {alias}.id)"

    return document(
        {
            "id": f"{alias}.id",
            "ref": f"{alias}.ref",
            "version": f"{alias}.version" if viewer.sees_staff else f"{alias}.visible_version",
            "organisation_id": f"{alias}.audience",
            "services": f"{alias}.services",
            "last_product": f"{alias}.last_product",
            "periods": parts("contract_periods", "product"),
            "states": parts("contract_states", "status"),
        }
    )


def _may_see(arguments: Arguments, viewer: Viewer) -> str:
    """A draft is staff's alone."""
    offered = " AND c.offered" if viewer.is_customer else ""
    return sees(arguments, viewer, "c.audience") + offered


async def contracts_by_id(db: Database, viewer: Viewer, ids: Sequence[UUID]) -> list[Contract]:
    """These contracts, as far as the viewer may see them."""
    arguments = Arguments()
    sql = f"""SELECT {contract(viewer, "c")}::text AS doc FROM contracts c
      WHERE c.id = ANY({arguments(list(ids), "uuid[]")}) AND {_may_see(arguments, viewer)}"""
    return [json.decode(row["doc"], type=Contract) for row in await db.fetch(sql, *arguments.values)]


async def contracts_page(db: Database, viewer: Viewer, wanted: Wanted, page: Page, now: datetime) -> Contracts:
    """Contracts, newest first."""
    arguments = Arguments()
    cursors = Cursors.bound_to("contracts", wanted)
    order = Order("c.id", "uuid", "c.id", "uuid", descending=True)
    those = f"{_may_see(arguments, viewer)} AND {_those(arguments, wanted, now)}"
    sql = f"""SELECT (SELECT count(*) FROM contracts c WHERE {those}) AS total, p.doc, p.key, p.tie FROM (SELECT 1) one LEFT JOIN LATERAL (
      SELECT {contract(viewer, "c")}::text AS doc, {order.columns} FROM contracts c
      WHERE {those} AND {order.within(arguments, page, cursors)}
      ORDER BY {order.by(page)} LIMIT {order.limit(arguments, page)}) p ON true"""
    rows = await db.fetch(sql, *arguments.values)
    found = [(Place(row["key"], row["tie"]), json.decode(row["doc"], type=Contract)) for row in rows if row["doc"] is not None]
    return Contracts(page=Connection.of(found, page, cursors), total=rows[0]["total"])


def _those(arguments: Arguments, wanted: Wanted, now: datetime) -> str:
    terms = ["TRUE"]
    if wanted.organisations is not None:
        terms.append(f"c.audience = ANY({arguments(list(wanted.organisations), 'uuid[]')})")
    if wanted.not_organisations:
        terms.append(f"c.audience <> ALL({arguments(list(wanted.not_organisations), 'uuid[]')})")
    if wanted.statuses is not None:
        at, these = arguments(now, "timestamptz"), arguments(list(wanted.statuses), "text[]")
        terms.append(
            f"""EXISTS (SELECT FROM contract_states s WHERE s.contract = c.id AND s.status = ANY({these})
              AND s.from_at <= {at} AND (s.to_at IS NULL OR {at} < s.to_at))"""
        )
    if wanted.ends_from is not None or wanted.ends_before is not None:
        bounds = [
            f"e.to_at {sign} {arguments(bound, 'timestamptz')}"
            for sign, bound in ((">=", wanted.ends_from), ("<", wanted.ends_before))
            if bound is not None
        ]
        terms.append(
            f"c.id IN (SELECT e.contract FROM contract_periods e WHERE e.to_at IS NOT NULL AND {' AND '.join(bounds)})"
        )
    return " AND ".join(terms)
