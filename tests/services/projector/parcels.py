"""Small projections of parcels, with all that the projector has to cope with: folds, erasure, staff tables and handlers that fail."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from projections.database import Statement
from projections.projection import Envelope, Fold, Projection, Returned
from tests.services.parcel import ParcelDelivered, ParcelMessageLeft, ParcelNoted, ParcelScanned, ParcelSent


class PlaceIsUnknown(Exception):
    """A handler's refusal."""


def parcels(version: int = 1, *, fails: bool = False, broken: bool = False) -> Projection:
    """Where is each parcel?

    `fails`: `nowhere` is refused by the handler, `!` by the table, `mistyped` by the driver. `broken`: writes too much.
    """
    check = "CHECK (last <> '!')" if fails else "CHECK (last <> '\\')"
    parcels = Projection(
        "parcels",
        version,
        f"""
        CREATE TABLE parcels(id uuid PRIMARY KEY, recipient uuid NOT NULL, name text, last text {check},
          scans int NOT NULL DEFAULT 0, delivered boolean NOT NULL DEFAULT false, position bigint NOT NULL);
        CREATE TABLE parcel_messages(entry uuid PRIMARY KEY, parcel uuid NOT NULL, subject uuid NOT NULL, body text);
        CREATE TABLE parcel_notes(parcel uuid, version bigint, note text NOT NULL, PRIMARY KEY (parcel, version));
        """,
        staff_tables=frozenset({"parcel_notes"}),
        personal=(("parcels", "recipient", ("name",)), ("parcel_messages", "subject", ("body",))),
    )

    @parcels.on(ParcelSent)
    def sent(event: ParcelSent, envelope: Envelope) -> Statement:
        return (
            "INSERT INTO parcels (id, recipient, name, position) VALUES ($1, $2, $3, $4)",
            (envelope.stream, event.recipient, event.name.value, envelope.position),
        )

    @parcels.on(ParcelScanned)
    def scanned(event: ParcelScanned, envelope: Envelope) -> Sequence[Statement]:
        if fails and event.place == "nowhere":
            raise PlaceIsUnknown(event.place)
        scans = 2 if broken else 1
        position: object = "not a number" if fails and event.place == "mistyped" else envelope.position
        return [
            (
                "UPDATE parcels SET last = $2, position = $3 WHERE id = $1",
                (envelope.stream, event.place, position),
            ),
            (f"UPDATE parcels SET scans = scans + {scans} WHERE id = $1", (envelope.stream,)),
        ]

    @parcels.on(ParcelMessageLeft)
    def said(event: ParcelMessageLeft, envelope: Envelope) -> Statement:
        return (
            "INSERT INTO parcel_messages (entry, parcel, subject, body) VALUES ($1, $2, $3, $4)",
            (event.entry, envelope.stream, event.text.of, event.text.value),
        )

    @parcels.on(ParcelNoted)
    def noted(event: ParcelNoted, envelope: Envelope) -> Statement:
        return "INSERT INTO parcel_notes VALUES ($1, $2, $3)", (envelope.stream, envelope.version, event.note)

    @parcels.on(ParcelDelivered)
    def delivered(_: ParcelDelivered, envelope: Envelope) -> Statement:
        return "UPDATE parcels SET delivered = true WHERE id = $1", (envelope.stream,)

    return parcels


class Path(msgspec.Struct, frozen=True):
    places: tuple[str, ...] = ()


def paths(*, fails: bool = False) -> Projection:
    """Where has each parcel been, in order? A fold: one row a stream, written once a batch."""

    def rows(stream: UUID, path: Path) -> Returned:
        if fails and "!" in path.places:
            raise PlaceIsUnknown
        return (
            "INSERT INTO paths (stream, state) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET state = excluded.state",
            (stream, msgspec.json.encode(path).decode()),
        )

    fold: Fold[Path] = Fold(
        load="SELECT stream, state FROM paths WHERE stream = ANY($1)",
        read=msgspec.json.Decoder(Path).decode,
        start=lambda _: Path(),
        rows=rows,
    )

    @fold.on(ParcelScanned)
    def scanned(path: Path, event: ParcelScanned, _: Envelope) -> Path:
        if fails and event.place == "nowhere":
            raise PlaceIsUnknown(event.place)
        return Path((*path.places, event.place))

    return Projection("paths", 1, "CREATE TABLE paths(stream uuid PRIMARY KEY, state text NOT NULL)", fold=fold)
