"""Reads the policy file. What is wrong in it is said in one sentence with line and key.

The form is TOML, the content that of domain.policies.Policies; `default.toml` beside this file documents every key.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from domain.errors import ValidationFailed
from domain.policies import Policies
from domain.policy.check import check

DEFAULT = Path(__file__).with_name("default.toml")
_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\-]+)\s*\]{1,2}")
_KEY = re.compile(r"(?:^|[{,])\s*([A-Za-z0-9_\-]+)\s*=")
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.S)


class PolicyFileInvalid(Exception):
    """The file cannot be used; the message names file, line and key and says what to change."""


class PolicyFile(NamedTuple):
    """A set of policies and the hash of the text it was read from."""

    policies: Policies
    sha256: str


def read(path: Path) -> PolicyFile:
    """Read and judge a policy file. Raises PolicyFileInvalid."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise PolicyFileInvalid(f"{path}: cannot be read ({error.strerror}). Check SUPPORT_POLICIES.") from None
    except UnicodeDecodeError:
        raise PolicyFileInvalid(f"{path}: is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyFileInvalid(f"{path}: is not TOML: {error}.") from None
    try:
        _refuse_unknown(data, Policies, "")
        policies = msgspec.convert(_in_python_names(data), Policies)
        check(policies)
    except msgspec.ValidationError as error:
        found = _PLACE.match(str(error))
        what, at = (found["what"], found["path"] or "") if found else (str(error), "")
        raise _invalid(path, text, at.replace("from_", "from"), what) from None
    except _UnknownKey as error:
        raise _invalid(path, text, error.path, f"is not a key that is known here; known are {', '.join(error.known)}") from None
    except ValidationFailed as error:
        raise _invalid(path, text, ".".join(error.path), error.message.rstrip(".")) from None
    return PolicyFile(policies, sha256(raw).hexdigest())


class _UnknownKey(Exception):
    def __init__(self, path: str, known: list[str]) -> None:
        self.path, self.known = path, known


def _invalid(path: Path, text: str, key: str, what: str) -> PolicyFileInvalid:
    line = _line_of(text, key)
    return PolicyFileInvalid(f"{path}{f', line {line}' if line else ''}: {key or 'the file'}: {what}.")


def _line_of(text: str, key: str) -> int | None:
    """The line on which `queues[1].ref` stands, or the nearest part of it that is found."""
    steps = [(name, int(index) if index else 0) for name, index in re.findall(r"([A-Za-z0-9_\-]+)(?:\[(\d+)\])?", key)]
    if not steps:
        return None
    seen: dict[str, int] = {}
    table, best = "", None
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#", 1)[0]
        if header := _HEADER.match(bare):
            table = header[1]
            seen[table] = seen.get(table, -1) + 1
            if table == steps[0][0] and seen[table] == steps[0][1]:
                best = number
            continue
        inside = table == steps[0][0] and seen[table] == steps[0][1]
        wanted = steps[1:] if inside else ([] if table else steps)
        for found in _KEY.finditer(bare):
            if not wanted:
                break
            if found[1] == wanted[0][0] and (len(wanted) == 1 or best != number):
                best = number
                if len(wanted) == 1:
                    return number
                return _line_of_item(text, number, wanted[0][1])
    return best


def _line_of_item(text: str, start: int, index: int) -> int:
    """The line of the array's item, counted from line `start` on which the array begins."""
    count = -1
    for number, line in enumerate(text.splitlines()[start - 1 :], start):
        count += line.split("#", 1)[0].count("{")
        if count >= index:
            return number
    return start


def _refuse_unknown(data: Any, kind: Any, path: str) -> None:
    kind = next((each for each in get_args(kind) if is_dataclass(each)), kind) if _is_optional(kind) else kind
    if is_dataclass(kind) and isinstance(data, dict):
        hints = get_type_hints(kind)
        known = {each.name.rstrip("_"): hints[each.name] for each in fields(kind)}
        for key, value in data.items():
            at = f"{path}.{key}" if path else key
            if key not in known:
                raise _UnknownKey(at, sorted(known))
            _refuse_unknown(value, known[key], at)
    elif get_origin(kind) is tuple and isinstance(data, list):
        for index, item in enumerate(data):
            _refuse_unknown(item, get_args(kind)[0], f"{path}[{index}]")


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) is UnionType


def _in_python_names(data: Any) -> Any:
    """`from` is a word of Python's, so the dataclass says `from_`."""
    match data:
        case dict():
            return {"from_" if key == "from" else key: _in_python_names(value) for key, value in data.items()}
        case list():
            return [_in_python_names(item) for item in data]
    return data
