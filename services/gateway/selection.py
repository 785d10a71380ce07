"""What a client selected below a field, so that one statement can fetch just that.

Fragments are followed where they apply to the type in question; @skip and @include are not looked at, which at worst reads too much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    is_abstract_type,
)
from graphql.execution.values import get_argument_values


@dataclass(frozen=True, slots=True)
class Selected:
    """A field as it was selected: by which name it is answered, and its nodes (a field may be selected in several places)."""

    name: str
    key: str
    nodes: tuple[FieldNode, ...]


class Selection:
    """The selection below some nodes, read as that of one object type."""

    def __init__(self, info: GraphQLResolveInfo[Any], nodes: Sequence[FieldNode] | None = None) -> None:
        self._info = info
        self._nodes = tuple(info.field_nodes) if nodes is None else tuple(nodes)

    def of(self, type_name: str) -> dict[str, Selected]:
        """Fields selected on this type, by the key of the answer."""
        found: dict[str, Selected] = {}
        for node in self._nodes:
            if node.selection_set is not None:
                for field in self._fields(node.selection_set, type_name):
                    key = field.alias.value if field.alias else field.name.value
                    known = found.get(key)
                    nodes = (*known.nodes, field) if known else (field,)
                    found[key] = Selected(field.name.value, key, nodes)
        return found

    def names(self, type_name: str) -> frozenset[str]:
        """The names of the fields selected on this type."""
        return frozenset(each.name for each in self.of(type_name).values())

    def below(self, type_name: str, *names: str) -> Selection:
        """The selection below all fields of these names."""
        nodes = [node for each in self.of(type_name).values() if each.name in names for node in each.nodes]
        return Selection(self._info, nodes)

    def under(self, selected: Selected) -> Selection:
        return Selection(self._info, selected.nodes)

    def arguments(self, type_name: str, selected: Selected) -> dict[str, Any]:
        """The coerced arguments of a selected field, by their names in the schema."""
        parent = self._info.schema.type_map[type_name]
        assert isinstance(parent, GraphQLObjectType)
        field = parent.fields[selected.name]
        values: dict[str, Any] = get_argument_values(field, selected.nodes[0], self._info.variable_values)
        return values

    def joined(self, other: Selection) -> Selection:
        return Selection(self._info, (*self._nodes, *other._nodes))

    def __bool__(self) -> bool:
        return bool(self._nodes)

    def _fields(self, selections: SelectionSetNode, type_name: str) -> Iterator[FieldNode]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._info.fragments[node.name.value]
                if _applies(self._info.schema, fragment.type_condition.name.value, type_name):
                    yield from self._fields(fragment.selection_set, type_name)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or _applies(self._info.schema, condition.name.value, type_name):
                    yield from self._fields(node.selection_set, type_name)


def _applies(schema: GraphQLSchema, condition: str, type_name: str) -> bool:
    if condition == type_name:
        return True
    wider, narrow = schema.type_map[condition], schema.type_map[type_name]
    if not is_abstract_type(wider):
        return False
    assert isinstance(wider, GraphQLAbstractType)
    return schema.is_sub_type(wider, narrow)
