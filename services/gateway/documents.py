"""Documents, parsed and validated once: a bounded cache from a text to what was found of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from services.gateway import limits
from services.gateway.cost import ROWS, Plan, Planner
from services.gateway.failures import Code, RequestFailed

ENTRIES = 1000
CHARACTERS = 4_000_000
"""Of the texts kept together."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document, fit to run."""

    document: DocumentNode
    name: str | None
    kind: OperationType
    plan: Plan
    defaults: Mapping[str, int]

    def must_be_cheap(self, variables: Mapping[str, Any]) -> None:
        cost = self.plan.cost({**self.defaults, **variables})
        if cost > ROWS:
            raise RequestFailed(
                Code.COST_EXCEEDED,
                f"This operation asks for up to {cost} rows and at most {ROWS} are allowed; ask for shorter pages.",
                cost=cost,
                limit=ROWS,
            )


@dataclass(frozen=True, slots=True)
class Prepared:
    operations: tuple[Operation, ...] = ()
    errors: tuple[GraphQLError, ...] = ()


class Documents:
    """The cache. Refused texts are kept too: a client that repeats one costs nothing."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        self.hits = 0
        self.misses = 0

    def prepare(self, source: str) -> Prepared:
        found = self._kept.get(source)
        if found is not None:
            self.hits += 1
            self._kept.move_to_end(source)
            return found
        self.misses += 1
        prepared = self._judge(source)
        self._kept[source] = prepared
        self._characters += len(source)
        while len(self._kept) > ENTRIES or self._characters > CHARACTERS:
            dropped, _ = self._kept.popitem(last=False)
            self._characters -= len(dropped)
        return prepared

    def choose(self, source: str, name: str | None) -> Operation | tuple[GraphQLError, ...]:
        """The operation to run, or why there is none."""
        prepared = self.prepare(source)
        if prepared.errors:
            return prepared.errors
        if name is None and len(prepared.operations) == 1:
            return prepared.operations[0]
        for operation in prepared.operations:
            if name is not None and operation.name == name:
                return operation
        message = "Say which operation to run (operationName)." if name is None else "There is no operation of this name."
        return (RequestFailed(Code.BAD_INPUT, message),)

    def _judge(self, source: str) -> Prepared:
        if len(source) > limits.SOURCE:
            return Prepared(errors=(RequestFailed(Code.BAD_INPUT, f"A document has at most {limits.SOURCE} characters."),))
        try:
            document = parse(source, max_lexical_tokens=limits.TOKENS)
        except GraphQLError as error:
            return Prepared(errors=(error,))
        except RecursionError:
            return Prepared(errors=(RequestFailed(Code.BAD_INPUT, "This document is nested too deeply."),))
        try:
            errors = validate(self._schema, document, limits.SIZE) or validate(
                self._schema, document, limits.RULES, max_errors=20
            )
        except RecursionError:
            errors = [RequestFailed(Code.BAD_INPUT, "This document is nested too deeply.")]
        if errors:
            return Prepared(errors=tuple(errors))
        planner = Planner(self._schema, document)
        operations = tuple(
            Operation(document, node.name.value if node.name else None, node.operation, planner.plan(node), _defaults(node))
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        )
        if planner.refused:
            return Prepared(errors=tuple(planner.refused.values()))
        return Prepared(operations=operations)


def _defaults(operation: OperationDefinitionNode) -> dict[str, int]:
    """Default values of variables that may decide how many rows are asked for."""
    return {
        variable.variable.name.value: int(variable.default_value.value)
        for variable in operation.variable_definitions or ()
        if isinstance(variable.default_value, IntValueNode)
    }
