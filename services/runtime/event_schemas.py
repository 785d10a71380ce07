"""JSON Schemas of all events as they stand on the wire, generated, and what would break the consumers of the schemas before.

One file a topic, `<topic>.json`, JSON Schema 2020-12 (msgspec's). A personal value is {"sealed", "of", "key"?}: what is inside is for
holders of keys alone. Unknown fields are allowed everywhere, because consumers ignore them.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.event import DomainEvent
from services.runtime.codec import Codec, EventForm, event_classes
from services.runtime.sealing import NOTHING
from services.runtime.wire import Place

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SEALED: Schema = {
    "title": "Sealed",
    "description": "A value about the person `of`: readable with their key, or with that of the entry `key`, until it is destroyed.",
    "type": "object",
    "properties": {
        "sealed": {
            "type": "string",
            "description": "Base64url of nonce and AES-256-GCM of the value's JSON; empty: it was erased before.",
        },
        "of": {"type": "string", "format": "uuid"},
        "key": {"type": "string", "format": "uuid"},
    },
    "required": ["of", "sealed"],
}
_NOWHERE = Place(UUID(int=0), 1, NOTHING)


def event_schemas(base: str = "") -> dict[str, Schema]:
    """The schema of every imported event by topic. `base` is what `$id` begins with, as in `ce-dataschema`."""
    codec = Codec()
    classes = sorted(event_classes(), key=lambda event: event.TOPIC)
    return {event.TOPIC: _schema(codec.form(event.TOPIC), event, base) for event in classes}


def write_event_schemas(folder: Path, schemas: dict[str, Schema]) -> list[Path]:
    """Write them, one file a topic, and remove those of topics that are no more. Returns what changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for topic, schema in schemas.items():
        file, text = folder / f"{topic}.json", written(schema)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    for file in sorted(folder.glob("*.json")):
        if file.stem not in schemas:
            file.unlink()
            changed.append(file)
    return changed


def written(schema: Schema) -> str:
    """A schema as it is kept in a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def breaks(before: Schema, after: Schema) -> list[str]:
    """What consumers of a topic would not expect after this change, a sentence each. New fields with a default and new enum values pass."""
    return list(_breaks(before, after, before.get("$defs", {}), after.get("$defs", {}), "event"))


def _schema(form: EventForm, event: type[DomainEvent], base: str) -> Schema:
    schema = msgspec.json.schema(form.wire)
    parts: Schema = schema["$defs"]
    whole: Schema = parts.pop(schema["$ref"].rpartition("/")[2])
    if "Sealed" in parts:
        parts["Sealed"] = SEALED
    for each in form.fields:
        if each.default is not None:
            value = each.default()
            written = each.form.write(value, each.on_wire, _NOWHERE) if each.form.write else value
            whole["properties"][each.on_wire]["default"] = msgspec.to_builtins(written)
    order = ["at", *(each.on_wire for each in form.fields)]
    whole["properties"] = {name: whole["properties"][name] for name in order}
    doc = inspect.getdoc(event) if event.__doc__ and not event.__doc__.startswith(f"{event.__name__}(") else None
    return {
        "$schema": DIALECT,
        "$id": f"{base}/schemas/{event.TOPIC}.json",
        **whole,
        **({"description": doc} if doc else {}),
        "x-classification": event.CLASS.value,
        **({"$defs": dict(sorted(parts.items()))} if parts else {}),
    }


def _breaks(before: Schema, after: Schema, old_parts: Schema, new_parts: Schema, place: str) -> Iterator[str]:
    before, after = _resolved(before, old_parts), _resolved(after, new_parts)
    if "anyOf" in before or "anyOf" in after:
        yield from _breaks_of_choice(before, after, old_parts, new_parts, place)
        return
    for word in ("type", "format", "const"):
        if before.get(word) != after.get(word):
            yield f"{place}: {word} was {before.get(word)} and is {after.get(word)}"
    if gone := [value for value in before.get("enum", ()) if value not in after.get("enum", ())]:
        yield f"{place}: the values {gone} are gone"
    for name, property_ in before.get("properties", {}).items():
        if name not in after.get("properties", {}):
            yield f"{place}.{name}: is gone"
        else:
            yield from _breaks(property_, after["properties"][name], old_parts, new_parts, f"{place}.{name}")
    for name in after.get("required", ()):
        if name not in before.get("required", ()):
            yield f"{place}.{name}: is required and was not; older events lack it"
    for name in before.get("required", ()):
        if name not in after.get("required", ()) and name in after.get("properties", {}):
            yield f"{place}.{name}: was always there and may now be absent"
    for word in ("items", "additionalProperties"):
        if isinstance(before.get(word), dict) and isinstance(after.get(word), dict):
            yield from _breaks(before[word], after[word], old_parts, new_parts, f"{place}.{word}")


def _breaks_of_choice(before: Schema, after: Schema, old_parts: Schema, new_parts: Schema, place: str) -> Iterator[str]:
    olds = [_resolved(each, old_parts) for each in before.get("anyOf", [before])]
    news = [_resolved(each, new_parts) for each in after.get("anyOf", [after])]
    kind: Callable[[Schema], object] = lambda schema: (schema.get("type"), schema.get("format"))  # noqa: E731 - said once
    for old in olds:
        same = [new for new in news if kind(new) == kind(old)]
        if same:
            yield from _breaks(old, same[0], old_parts, new_parts, place)
        else:
            yield f"{place}: was {old.get('type')} at times and no longer is"
    for new in news:
        if kind(new) not in [kind(old) for old in olds]:
            yield f"{place}: may now be {new.get('type')}"


def _resolved(schema: Schema, parts: Schema) -> Schema:
    while "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    return schema
