"""Scalars: how values beyond GraphQL's own are read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NewType
from zoneinfo import available_timezones

import strawberry
from strawberry.types.scalar import ScalarDefinition

from services.gateway.failures import Code, RequestFailed
from services.runtime.position import Position

TimeZone = NewType("TimeZone", str)
EmailAddress = NewType("EmailAddress", str)
PhoneNumber = NewType("PhoneNumber", str)
LanguageTag = NewType("LanguageTag", str)
Cursor = NewType("Cursor", str)
IdempotencyKey = NewType("IdempotencyKey", str)
ProductCode = NewType("ProductCode", str)
URL = NewType("URL", str)

_DURATION = re.compile(
    r"\AP(?=\d|T\d)(?:(?P<days>\d{1,6})D)?(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8}(?:\.\d{1,6})?)S)?)?\Z"
)
_DATE_TIME = re.compile(r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\Z")
_EMAIL = re.compile(
    r"\A[^\s@<>,;:\"()\[\]\\\x00-\x1f\x7f]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}\Z"
)
_URL = re.compile(r"\Ahttps?://[A-Za-z0-9\-._~%]+(?::\d{1,5})?(?:[/?#][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?\Z")
_PHONE = re.compile(r"\A\+[1-9]\d{5,14}\Z")


def _text(value: object, what: str, longest: int) -> str:
    if not isinstance(value, str):
        raise RequestFailed(Code.BAD_INPUT, f"{what} is written as a string.")
    if len(value) > longest:
        raise RequestFailed(Code.BAD_INPUT, f"{what} has at most {longest} characters.")
    return value


def read_date_time(value: object) -> datetime:
    text = _text(value, "A DateTime", 40)
    if not _DATE_TIME.match(text):
        raise RequestFailed(Code.BAD_INPUT, "A DateTime has the form 2026-07-01T08:14:03Z, with an offset.")
    try:
        return datetime.fromisoformat(text.upper().replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RequestFailed(Code.BAD_INPUT, "There is no such moment.") from None


def write_date_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_date(value: object) -> date:
    try:
        text = _text(value, "A Date", 10)
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise RequestFailed(Code.BAD_INPUT, "A Date has the form 2026-07-01.") from None


def read_duration(value: object) -> timedelta:
    found = _DURATION.match(_text(value, "A Duration", 40))
    if found is None:
        raise RequestFailed(Code.BAD_INPUT, "A Duration is ISO 8601 in days and smaller units: PT4H, P1DT30M.")
    return timedelta(**{unit: float(number) for unit, number in found.groupdict().items() if number})


def write_duration(value: timedelta) -> str:
    seconds = value // timedelta(seconds=1)
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    days, rest = divmod(seconds, 86400)
    parts = [(rest // 3600, "H"), (rest // 60 % 60, "M"), (rest % 60, "S")]
    clock = "".join(f"{number}{unit}" for number, unit in parts if number)
    day = f"{days}D" if days else ""
    return f"{sign}P{day}T{clock}" if clock else f"{sign}P{day}" if day else "PT0S"


def read_position(value: object) -> Position:
    try:
        return Position.parse(_text(value, "A Position", 40))
    except ValueError:
        raise RequestFailed(Code.BAD_POSITION, "This is no position of ours; give back what a command returned.") from None


def _matching(what: str, form: re.Pattern[str], example: str, longest: int = 254) -> Callable[[Any], Any]:
    def parse(value: object) -> str:
        text = _text(value, what, longest)
        if not form.match(text):
            raise RequestFailed(Code.BAD_INPUT, f"{what} has the form {example}.")
        return text

    return parse


def _time_zone(value: object) -> str:
    text = _text(value, "A TimeZone", 64)
    if text not in available_timezones():
        raise RequestFailed(Code.BAD_INPUT, "A TimeZone is a name of the IANA database: Europe/Copenhagen.")
    return text


def _scalar(
    name: str,
    description: str,
    url: str | None = None,
    *,
    write: Callable[[Any], Any] = str,
    read: Callable[[Any], Any],
) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, specified_by_url=url, serialize=write, parse_value=read)


_KEY = re.compile(r"\A[^\x00-\x1f\x7f]{1,128}\Z")
SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime", "RFC 3339 with an offset; answers are in UTC.", "https://scalars.graphql.org/andimarek/date-time.html",
        write=write_date_time, read=read_date_time,
    ),
    date: _scalar(
        "Date", "A calendar day, 2026-07-01.", "https://scalars.graphql.org/andimarek/local-date.html", write=date.isoformat, read=read_date
    ),
    timedelta: _scalar(
        "Duration", "ISO 8601 in days and smaller units only: PT4H, P1DT30M.", "https://en.wikipedia.org/wiki/ISO_8601#Durations",
        write=write_duration, read=read_duration,
    ),
    TimeZone: _scalar(
        "TimeZone", "A zone of the IANA database, Europe/Copenhagen.", "https://www.iana.org/time-zones", read=_time_zone
    ),
    EmailAddress: _scalar(
        "EmailAddress", "One address as in RFC 5321, without a display name.", "https://www.rfc-editor.org/rfc/rfc5321",
        read=_matching("An EmailAddress", _EMAIL, "name@example.org"),
    ),
    PhoneNumber: _scalar(
        "PhoneNumber", "E.164: +4570123456.", "https://www.itu.int/rec/T-REC-E.164",
        read=_matching("A PhoneNumber", _PHONE, "+4570123456", 16),
    ),
    LanguageTag: _scalar(
        "LanguageTag", "BCP 47: en, da, sv.", "https://www.rfc-editor.org/info/bcp47",
        read=_matching("A LanguageTag", re.compile(r"\A[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}\Z"), "en or pt-BR", 35),
    ),
    Cursor: _scalar("Cursor", "A place in a list or a live feed. Opaque; valid only with the same arguments.",
                    read=lambda value: _text(value, "A Cursor", 512)),
    Position: _scalar(
        "Position", "A consistency token: the service's state after a command. Opaque, except that it may be compared for equality.",
        read=read_position,
    ),
    IdempotencyKey: _scalar(
        "IdempotencyKey",
        "Chosen by the client for one intended act, a UUID for instance; the same key with another input gives IdempotencyKeyReused.",
        read=_matching("An IdempotencyKey", _KEY, "a UUID, or any 1 to 128 printable characters", 128),
    ),
    URL: _scalar(
        "URL", "An absolute http or https address.", "https://url.spec.whatwg.org",
        read=_matching("A URL", _URL, "https://docs.example.org/networks", 2048),
    ),
    ProductCode: _scalar(
        "ProductCode", "A product code exactly as in the service catalogue: SUPPORT-premium.",
        read=_matching("A ProductCode", re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"), "SUPPORT-premium", 64),
    ),
}  # fmt: skip
