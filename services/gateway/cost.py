"""What an operation may cost: the rows it asks for, multiplied down the tree, before anything runs.

A connection asks for `first` or `last` rows, 25 if neither; another list counts ten; a single object nothing beside what hangs on it.
Pages that hang on an organisation or a contract are read by a statement for each, so they are asked for of one at a time: under a list
of these they are refused here, where lists are known. (Folding them into the list's own statement would lift that.)
The plan of a document is made once and kept with it; a request only puts in its variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from services.gateway.failures import Code, RequestFailed

OF_ONE = ("Organisation", "Contract")
ROWS = 10_000
"""Rows an operation may ask for."""
PAGE = 25
LONGEST_PAGE = 100
LIST = 10


@dataclass(slots=True)
class Plan:
    """Rows of a field: a fixed number, or one that a variable decides, times itself and its children."""

    rows: int = 1
    variables: tuple[str, ...] = ()
    children: list[Plan] = field(default_factory=list)
    counts: bool = True

    def cost(self, variables: Mapping[str, Any]) -> int:
        rows = self.rows
        for name in self.variables:
            value = variables.get(name)
            if isinstance(value, list):
                rows = min(len(value), LONGEST_PAGE)
            elif isinstance(value, int):
                rows = min(max(value, 0), LONGEST_PAGE)
        inner = sum(child.cost(variables) for child in self.children)
        return rows * (int(self.counts) + inner)


class Planner:
    """Makes the plan of one document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self.refused: dict[str, RequestFailed] = {}
        self._fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}

    def plan(self, operation: OperationDefinitionNode) -> Plan:
        root = self._schema.get_root_type(operation.operation)
        return Plan(counts=False, children=self._children(operation.selection_set, root, False) if root else [])

    def _children(self, selections: SelectionSetNode, parent: GraphQLNamedType, many: bool) -> list[Plan]:
        """`many`: somewhere above is a list, so that of the parent there may be several."""
        found: list[Plan] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                plan = self._field(node, parent, many)
                if plan is not None:
                    found.append(plan)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                kind = self._schema.type_map[fragment.type_condition.name.value]
                found += self._children(fragment.selection_set, kind, many)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                kind = self._schema.type_map[condition.name.value] if condition else parent
                found += self._children(node.selection_set, kind, many)
        return found

    def _field(self, node: FieldNode, parent: GraphQLNamedType, many: bool) -> Plan | None:
        if node.selection_set is None or node.name.value.startswith("__"):
            return None
        if not isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)):
            return None
        definition = parent.fields[node.name.value]
        named = get_named_type(definition.type)
        bare = definition.type.of_type if isinstance(definition.type, GraphQLNonNull) else definition.type
        paged = named.name.endswith("Connection")
        if paged and many and parent.name in OF_ONE:
            self._refuse(node, parent.name.lower())
        children = self._children(node.selection_set, named, many or paged or isinstance(bare, GraphQLList))
        if paged:
            return self._page(node, children)
        if isinstance(bare, GraphQLList) and is_composite_type(named):
            if parent.name.endswith("Connection"):  # edges, nodes: the connection has counted them
                return Plan(counts=False, children=children)
            return self._asked(node, Plan(rows=LIST, children=children), "ids")
        root = parent in (self._schema.query_type, self._schema.mutation_type, self._schema.subscription_type)
        return Plan(counts=root, children=children)

    def _refuse(self, node: FieldNode, whose: str) -> None:
        name = node.name.value
        self.refused[name] = RequestFailed(
            Code.BAD_INPUT,
            f"Ask for the {name} of one {whose} at a time, by `node`: here there may be several.",
        )

    def _page(self, node: FieldNode, children: list[Plan]) -> Plan:
        return self._asked(node, Plan(rows=PAGE, children=children), "first", "last")

    def _asked(self, node: FieldNode, plan: Plan, *names: str) -> Plan:
        for argument in node.arguments or ():
            if argument.name.value in names:
                match argument.value:
                    case IntValueNode(value=text):
                        plan.rows = min(max(int(text), 0), LONGEST_PAGE)
                    case ListValueNode(values=values):
                        plan.rows = min(len(values), LONGEST_PAGE)
                    case VariableNode(name=name):
                        plan.variables = (*plan.variables, name.value)
                    case _:
                        pass
        return plan
