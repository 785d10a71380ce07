"""How the type of an event's field is written in JSON: worked out once for each type, so that a value costs one call or none.

Times are RFC 3339 in UTC, durations ISO 8601, enums their values, a `Personal` the object {"sealed", "of", "key"?}; a trailing
underscore, there because `from` is a word of Python's, is left out. Whatever msgspec writes and reads in that way by itself is left to it.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired, TypedDict, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from domain.event import Personal
from services.runtime.sealing import Keys, NoKey, Sealed, seal, unseal

Missing = dataclasses.MISSING
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Place:
    """The event whose fields are written or read: the first part of every associated data, and the keys at hand."""

    __slots__ = ("_stem", "_stream", "_version", "cipher")

    def __init__(self, stream: UUID, version: int, keys: Keys) -> None:
        self._stream = stream
        self._version = version
        self._stem: str | None = None
        self.cipher = keys.cipher

    @property
    def stem(self) -> str:
        """`ce-id` and a slash. Made when the first value needs it: writing a UUID costs as much as decoding a small event."""
        if self._stem is None:
            self._stem = f"{self._stream}/{self._version}/"
        return self._stem


Convert = Callable[[Any, str, Place], Any]
"""(value, its path in the event, the event) → value."""
Find = Callable[[Any], Iterable[Personal[Any]]]


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A type on the wire. `write` and `read` are None where msgspec needs no help, `find` where nothing personal can be."""

    wire: Any
    write: Convert | None = None
    read: Convert | None = None
    find: Find | None = None

    @property
    def plain(self) -> bool:
        return self.write is None and self.read is None


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field of an event or of a value class. `default` makes what its absence means; None where it is required."""

    name: str
    on_wire: str
    form: Form
    default: Callable[[], Any] | None


def form_of(kind: Any) -> Form:
    """How values of this type are written. Raises TypeError for what cannot be read back, when a class is first used."""
    origin = get_origin(kind)
    if kind is datetime:
        return Form(Time, write=_utc)
    if origin is Personal:
        return _personal(get_args(kind)[0])
    if origin is Annotated:
        inner = form_of(get_args(kind)[0])
        return Form(kind) if inner.plain else inner
    if origin is Union or origin is types.UnionType:
        return _union(kind)
    if origin is tuple:
        return _tuple(kind)
    if origin in (list, set, frozenset, Sequence):
        return _many(kind, list if origin is Sequence else origin)
    if origin in (dict, Mapping):
        return _mapping(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _value_class(kind)
    return Form(kind)


def fields_of(kind: type, leave_out: frozenset[str] = frozenset()) -> list[Field]:
    """The fields of a dataclass in their order."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        Field(each.name, each.name.rstrip("_"), form_of(hints[each.name]), _default(each))
        for each in dataclasses.fields(kind)
        if each.name not in leave_out
    ]


def wire_type(name: str, fields: Iterable[Field], **more: Any) -> Any:
    """What msgspec decodes: a dict with the fields' types, fields with a default not required. Unknown fields are dropped."""
    keys = {each.on_wire: each.form.wire if each.default is None else NotRequired[each.form.wire] for each in fields}
    return TypedDict(name, {**more, **keys})  # type: ignore[operator]


def _default(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    if field.default_factory is not Missing:
        return field.default_factory
    if field.default is not Missing:
        value = field.default
        return lambda: value
    return None


def _utc(value: datetime, path: str, place: Place) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise TypeError(f"{place.stem}{path} is a time without a time zone")
    return value.astimezone(UTC)


def _personal(kind: Any) -> Form:
    inner = form_of(kind)
    if inner.find is not None:
        raise TypeError("a personal value cannot hold another")
    decode = msgspec.json.Decoder(inner.wire).decode

    def write(value: Personal[Any], path: str, place: Place) -> Sealed:
        if value.value is None:  # what was erased stays so; there is nothing to protect
            return Sealed("", value.of, value.key)
        cipher = place.cipher(value.of, value.key)
        if cipher is None:
            raise NoKey(f"no key of person {value.of} to seal {place.stem}{path}")
        what = inner.write(value.value, path, place) if inner.write else value.value
        return Sealed(seal(cipher, what, place.stem + path), value.of, value.key)

    def read(value: Sealed, path: str, place: Place) -> Personal[Any]:
        of, key = value.of, value.key
        cipher = place.cipher(of, key) if value.sealed else None
        if cipher is None:
            return _make_personal(None, of, key)
        found = unseal(cipher, value.sealed, place.stem + (value.path or path), decode)
        return _make_personal(inner.read(found, path, place) if inner.read else found, of, key)

    return Form(Sealed, write, read, lambda value: (value,))


_new_personal = Personal.__new__
_set_value, _set_of, _set_key = (Personal.__dict__[name].__set__ for name in ("value", "of", "key"))


def _make_personal(value: object, of: UUID, key: UUID | None) -> Personal[Any]:
    # What the frozen class's __init__ does, at a third of its price; a ticket of a thousand messages makes a thousand.
    made: Personal[Any] = _new_personal(Personal)
    _set_value(made, value)
    _set_of(made, of)
    _set_key(made, key)
    return made


def _union(kind: Any) -> Form:
    some = [each for each in get_args(kind) if each is not type(None)]
    forms = [form_of(each) for each in some]
    if all(form.plain for form in forms):
        return Form(kind)
    if len(some) > 1:
        raise TypeError(f"{kind}: of a union's kinds, none may be a time, personal or a value class with such fields")
    inner = forms[0]
    return Form(inner.wire | None, _unless_none(inner.write), _unless_none(inner.read), _find_unless_none(inner.find))


def _unless_none(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda value, path, place: None if value is None else convert(value, path, place)


def _find_unless_none(find: Find | None) -> Find | None:
    if find is None:
        return None
    return lambda value: () if value is None else find(value)


def _tuple(kind: Any) -> Form:
    args = get_args(kind)
    if len(args) == 2 and args[1] is Ellipsis:
        return _many(kind, tuple)
    if any(not form_of(each).plain for each in args):
        raise TypeError(f"{kind}: a tuple of fixed length that holds times or personal values is better a value class")
    return Form(kind)


def _many(kind: Any, collect: Callable[[Iterable[Any]], Any]) -> Form:
    inner = form_of(get_args(kind)[0])
    if inner.plain:
        return Form(kind)

    def each(convert: Convert | None, into: Callable[[Iterable[Any]], Any]) -> Convert | None:
        if convert is None:
            return None
        return lambda values, path, place: into([convert(value, f"{path}.{i}", place) for i, value in enumerate(values)])

    find = inner.find
    wire = list[inner.wire]  # type: ignore[name-defined]
    read = each(inner.read, collect) or (lambda values, _path, _place: collect(values))
    return Form(wire, each(inner.write, list), read, (lambda values: _all(find, values)) if find else None)


def _mapping(kind: Any) -> Form:
    key, value = get_args(kind)
    inner = form_of(value)
    if inner.plain:
        return Form(kind)

    def each(convert: Convert | None) -> Convert | None:
        if convert is None:
            return None
        return lambda values, path, place: {name: convert(value, f"{path}.{name}", place) for name, value in values.items()}

    find = inner.find
    wire = dict[key, inner.wire]  # type: ignore[valid-type, name-defined]
    return Form(wire, each(inner.write), each(inner.read), (lambda values: _all(find, values.values())) if find else None)


def _all(find: Find, values: Iterable[Any]) -> Iterator[Personal[Any]]:
    for value in values:
        yield from find(value)


def _value_class(kind: type) -> Form:
    fields = fields_of(kind)
    if all(each.form.plain and each.name == each.on_wire for each in fields):
        return Form(kind)
    make = cast("Callable[..., Any]", kind)

    def write(value: Any, path: str, place: Place) -> dict[str, Any]:
        return write_fields(fields, value, path + ".", place)

    reads = [(each.on_wire, each.form.read) for each in fields if each.form.read]
    renamed = [(each.on_wire, each.name) for each in fields if each.on_wire != each.name]

    def read(value: dict[str, Any], path: str, place: Place) -> Any:
        for on_wire, convert in reads:
            if on_wire in value:
                value[on_wire] = convert(value[on_wire], f"{path}.{on_wire}", place)
        for on_wire, name in renamed:
            if on_wire in value:
                value[name] = value.pop(on_wire)
        return make(**value)

    def find(value: Any) -> Iterator[Personal[Any]]:
        return find_personal(fields, value)

    personal = any(each.form.find for each in fields)
    return Form(wire_type(kind.__name__, fields), write, read, find if personal else None)


def write_fields(fields: Iterable[Field], value: object, stem: str, place: Place) -> dict[str, Any]:
    """The fields of an event or a value class as JSON's object."""
    written: dict[str, Any] = {}
    for each in fields:
        what = getattr(value, each.name)
        write = each.form.write
        written[each.on_wire] = write(what, stem + each.on_wire, place) if write else what
    return written


def find_personal(fields: Iterable[Field], value: object) -> Iterator[Personal[Any]]:
    """Every personal value in it, at whatever depth."""
    for each in fields:
        if each.form.find:
            yield from each.form.find(getattr(value, each.name))
