"""Asks the gateway everything that its schema lets one ask: each root field with all branches, each filter, each order, further pages.

Put together from the schema, so that a new field, filter or order is asked for without anybody thinking of it. Ids, numbers and
cursors are harvested from the answers themselves.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)

from services.gateway.ids import read

PAGING = ("first", "after", "last", "before", "atLeast")
LITERALS = {
    "String": ['"vol"'],
    "Int": ["2"],
    "Boolean": ["true"],
    "DateTime": ['"2026-06-01T00:00:00Z"'],
    "Date": ['"2026-06-01"'],
    "Duration": ['"PT1H"'],
    "Float": ["0.5"],
    "TimeZone": ['"Europe/Oslo"'],
    "ProductCode": ['"SUPPORT-premium"'],
    "EmailAddress": ['"nobody@example.org"'],
}
COMPARISONS = (".eq", ".neq", ".in", ".nin", ".isNull", ".present")
COMPOSITE = (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)
Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass
class Asker:
    """`ask` sends a document as one party; what was harvested by one may be used by the next."""

    schema: GraphQLSchema
    ids: dict[str, str] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    unasked: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    _fits: dict[str, str] = field(default_factory=dict)
    _split: set[str] = field(default_factory=set)
    _own: set[str] = field(default_factory=set)

    async def everything(self, ask: Ask, *, filters: bool = True) -> None:
        """As one party; without `filters` lists and look-ups alone."""
        query = self.schema.query_type
        assert query is not None
        self._own = set()  # what this party finds first of each kind is what it asks for
        plain = [(name, each) for name, each in query.fields.items() if not any(map(is_required_argument, each.args.values()))]
        for name, each in plain:
            await self._list(ask, name, each)
        for name, each in query.fields.items():
            if name.endswith("Report"):
                continue  # reports count what there is, and may read all of it
            for argument, given in each.args.items():
                if argument not in PAGING and (filters or is_required_argument(given)):
                    await self._by(ask, name, each, argument, given)

    async def _list(self, ask: Ask, name: str, each: GraphQLField) -> None:
        answer = await self._deep(ask, name, each, "first: 2" if "first" in each.args else "")
        page = ((answer.get("data") or {}).get(name) or {}) if "first" in each.args else {}
        cursor = (page.get("pageInfo") or {}).get("endCursor")
        if cursor:
            await self._ask(ask, name, each, f"first: 2, after: {json.dumps(cursor)}")
            await self._ask(ask, name, each, f"last: 2, before: {json.dumps(cursor)}")

    async def _by(self, ask: Ask, name: str, each: GraphQLField, argument: str, given: GraphQLArgument) -> None:
        others = [
            f"{key}: {self._some(value.type)}"
            for key, value in each.args.items()
            if key != argument and is_required_argument(value)
        ]
        more = ["first: 2"] if "first" in each.args else []
        deep = is_required_argument(given)  # a filter says which rows, not what of them
        of_any_kind = name in ("node", "nodes")
        for path, literal in [*self._literals(given.type, f"{name}.{argument}")]:
            about = path.rpartition(".")[0] if path.endswith(COMPARISONS) else path
            one = next((each for each in self.ids.values() if each in literal), "")
            if one and not of_any_kind and self._fits.get(about, one[:2]) != one[:2]:
                continue  # an id of another kind than is wanted here
            arguments = ", ".join([f"{argument}: {literal}", *others, *more])
            answer = await self._ask(ask, name, each, arguments)
            found = (answer.get("data") or {}).get(name)
            if "errors" not in answer and found:
                if one:
                    self._fits.setdefault(about, one[:2])
                if deep and name != "nodes":  # `node` asks the same of one
                    await self._deep(ask, name, each, arguments, found)
            elif deep and not one:
                await self._deep(ask, name, each, arguments)

    async def _deep(self, ask: Ask, name: str, each: GraphQLField, arguments: str, found: Any = None) -> dict[str, Any]:
        """All branches two levels down, or where that is more than one may ask for at once, each branch by itself."""
        kind = get_named_type(each.type)
        first = found[0] if isinstance(found, list) and found else found
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and isinstance(first, dict):
            kind = self.schema.type_map[first["__typename"]]
        known = f"{name}/{kind}"
        if known not in self._split:
            answer = await self._ask(ask, name, each, arguments, self._select(kind, 2, named=True))
            if not _too_much(answer):
                return answer
            self._split.add(known)
        answer = await self._ask(ask, name, each, arguments)
        for branch in self._branches(kind):
            for depth in (1, 0):
                if not _too_much(await self._ask(ask, name, each, arguments, self._select(kind, depth, branch, named=True))):
                    break
        return answer

    async def _ask(self, ask: Ask, name: str, each: GraphQLField, arguments: str, selection: str = "") -> dict[str, Any]:
        selection = selection or self._select(get_named_type(each.type), 0)
        answer = await ask(f"{{ {name}{f'({arguments})' if arguments else ''} {selection} }}", {})
        if any((error.get("extensions") or {}).get("code") == "INTERNAL" for error in answer.get("errors", ())):
            self.failed.append(f"{name}({arguments}) {answer['errors']}")
        if (answer.get("data") or {}).get(name) is not None:
            self.answered.add(name)
        self._harvest(answer.get("data"))
        return answer

    def _branches(self, kind: GraphQLType) -> list[str]:
        """What of a type, or of the rows of its pages, leads to other types."""
        if not isinstance(kind, GraphQLObjectType):
            return []
        if "nodes" in kind.fields:
            return self._branches(get_named_type(kind.fields["nodes"].type))
        return [name for name, each in kind.fields.items() if isinstance(get_named_type(each.type), COMPOSITE)]

    def _select(self, kind: GraphQLType, depth: int, only: str = "", *, named: bool = False) -> str:
        """`only`: of the branches just this one. `named`: the place may be of a wider type, so say which is meant."""
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            said: dict[str, str] = {}
            parts = [f"... on {one.name} {self._fields(one, depth, said)}" for one in self.schema.get_possible_types(kind)]
            return "{ __typename " + " ".join(parts if depth else ()) + " }"
        if not isinstance(kind, GraphQLObjectType):
            return ""
        inner = self._fields(kind, depth, {}, only)
        return f"{{ __typename ... on {kind.name} {inner} }}" if named else inner

    def _fields(self, kind: GraphQLObjectType, depth: int, said: dict[str, str], only: str = "") -> str:
        """`said`: what names mean already among the types that one place may be of; they cannot mean two things."""
        parts = ["__typename"]
        for name, each in kind.fields.items():
            if any(map(is_required_argument, each.args.values())) or said.setdefault(name, str(each.type)) != str(each.type):
                continue
            child = get_named_type(each.type)
            composite = isinstance(child, COMPOSITE)
            page = name in ("nodes", "pageInfo", "node")  # a page is no level of its own
            if name == "edges" and "nodes" in kind.fields:
                continue
            if composite and not page and ((depth == 0 and name != only) or (only and name != only)):
                continue
            arguments = "(first: 2)" if "first" in each.args else ""
            inner = self._select(child, depth if page else max(depth - 1, 0), only if page else "") if composite else ""
            parts.append(f"{name}{arguments} {inner}")
        return "{ " + " ".join(parts) + " }"

    def _literals(self, kind: GraphQLType, path: str) -> Iterator[tuple[str, str]]:
        """Values to try, each with the place that it is for."""
        listed = str(kind).strip("!").startswith("[")
        named = get_named_type(kind)
        if isinstance(named, GraphQLInputObjectType):
            for name, each in named.fields.items():
                rest = "".join(
                    f", {other}: {self._some(value.type)}"
                    for other, value in named.fields.items()
                    if other != name and is_required_input_field(value)
                )
                for inner, literal in self._literals(each.type, f"{path}.{name}"):
                    yield inner, f"{{{name}: {literal}{rest}}}"
        elif isinstance(named, GraphQLEnumType):
            names = list(named.values)
            for name in names if path.endswith("orderBy.field") else names[:1]:
                yield path, f"[{name}]" if listed else name
        elif named.name == "ID":
            for one in [*self.ids.values()]:
                yield path, f"[{json.dumps(one)}]" if listed else json.dumps(one)
        else:
            known = []
            if named.name == "String":
                known = [json.dumps(one) for key, one in self.refs.items() if key.rpartition(".")[2] == path.rpartition(".")[2]]
            for literal in [*LITERALS.get(named.name, ()), *known]:
                yield path, f"[{literal}]" if listed else literal
            if named.name not in LITERALS:
                self.unasked.add(f"{path}: {named.name}")

    def _some(self, kind: GraphQLType) -> str:
        bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        return next((literal for _, literal in self._literals(bare, "")), "null")

    def _harvest(self, data: Any) -> None:
        if isinstance(data, list):
            for each in data:
                self._harvest(each)
        if not isinstance(data, dict):
            return
        for name, value in data.items():
            bare = name.rpartition("_")[2]
            if bare == "id" and isinstance(value, str) and (known := read(value)) is not None:
                if known[0] not in self._own:
                    self._own.add(known[0])
                    self.ids[known[0]] = value
            elif bare in ("ref", "email") and isinstance(value, str):
                self.refs.setdefault(f"{data.get('__typename')}.{bare}", value)
            else:
                self._harvest(value)


def _too_much(answer: dict[str, Any]) -> bool:
    """The bounds on a document's size were met, or it asks for a page for each of many."""
    return any(
        (error.get("extensions") or {}).get("code") in ("COST_EXCEEDED", "BAD_INPUT") for error in answer.get("errors", ())
    )
