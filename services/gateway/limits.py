"""How big a document may be: depth, fields and aliases, as validation rules.

The classes are made once and never by a factory: the document cache holds what they said of a text, and a new class for each request
would make every look-up a miss. Introspection is not counted here; graphql-core bounds its depth by a rule of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValidationContext,
    specified_rules,
)

from services.gateway.failures import Code, RequestFailed

DEPTH = 12
FIELDS = 1000
ALIASES = 60
ROOT_FIELDS = 20
FRAGMENTS = 100
TOKENS = 6000
SOURCE = 100_000
"""Characters of a document."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Of an operation with its fragments expanded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0


class ShapeLimits(ASTValidationRule):
    """Refuses documents whose expansion is deeper or larger than any honest client needs."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments: dict[str, Shape] = {}
        self._open: set[str] = set()

    def enter_document(self, node: DocumentNode, *_: Any) -> None:
        """Fragments that nothing uses are validated like the others, so they count too."""
        names = [each.name.value for each in node.definitions if isinstance(each, FragmentDefinitionNode)]
        if len(names) > FRAGMENTS:
            self._refuse(FRAGMENTS, "fragments")
        elif any(self._fragment(name).fields > FIELDS for name in names):
            self._refuse(FIELDS, "fields")

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        shape = self._of(node.selection_set)
        roots = len(node.selection_set.selections)
        for what, found, limit in (
            ("levels deep", shape.depth, DEPTH),
            ("fields", shape.fields, FIELDS),
            ("aliases", shape.aliases, ALIASES),
            ("root fields", roots, ROOT_FIELDS),
        ):
            if found > limit:
                self._refuse(limit, what)
        if node.operation is OperationType.SUBSCRIPTION and roots > 1:
            self.report_error(RequestFailed(Code.BAD_INPUT, "A subscription has one root field."))

    def _refuse(self, limit: int, what: str) -> None:
        self.report_error(RequestFailed(Code.BAD_INPUT, f"This operation has more than {limit} {what}.", limit=limit))

    def _of(self, selections: SelectionSetNode) -> Shape:
        depth = fields = aliases = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                if node.name.value.startswith("__"):
                    continue
                inner = self._of(node.selection_set) if node.selection_set else Shape()
                inner = Shape(inner.depth + 1, inner.fields + 1, inner.aliases + (node.alias is not None))
            elif isinstance(node, FragmentSpreadNode):
                inner = self._fragment(node.name.value)
            else:
                inner = self._of(node.selection_set)  # type: ignore[attr-defined]
            depth, fields, aliases = max(depth, inner.depth), fields + inner.fields, aliases + inner.aliases
        return Shape(depth, fields, aliases)

    def _fragment(self, name: str) -> Shape:
        if name in self._open:  # a cycle, which another rule reports
            return Shape()
        if name not in self._fragments:
            definition: FragmentDefinitionNode | None = self.context.get_fragment(name)
            self._open.add(name)
            self._fragments[name] = self._of(definition.selection_set) if definition else Shape()
            self._open.discard(name)
        return self._fragments[name]


SIZE: tuple[type[ASTValidationRule], ...] = (ShapeLimits,)
"""Judged by themselves and first: what they refuse would keep the other rules, some of them quadratic, busy for seconds."""
RULES: tuple[type[ASTValidationRule], ...] = tuple(specified_rules)
