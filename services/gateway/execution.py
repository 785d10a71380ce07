"""Runs an operation: chosen from the cache of documents, judged for its cost, executed by graphql-core, answered without secrets."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execute, subscribe

from services.gateway.context import Context
from services.gateway.documents import Documents, Operation
from services.gateway.failures import STATUS, Code, RequestFailed, formatted


@dataclass(frozen=True, slots=True)
class Asked:
    """A GraphQL request as it came, its form already judged."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is the GraphQL response. `status` is that of a request error and 200 once anything was executed."""

    body: dict[str, Any]
    status: int = 200

    @property
    def executed(self) -> bool:
        return "data" in self.body


class Engine:
    """The schema with its documents. One is enough for a process."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.documents = Documents(schema)

    def choose(self, asked: Asked) -> Operation:
        """The operation, fit to run. Raises Unfit with what is wrong."""
        found = self.documents.choose(asked.query, asked.operation_name)
        if isinstance(found, tuple):
            raise Unfit(found)
        try:
            found.must_be_cheap(asked.variables)
        except RequestFailed as expensive:
            raise Unfit((expensive,)) from None
        return found

    async def run(self, operation: Operation, asked: Asked, context: Context) -> Answer:
        """Execute a query or mutation."""
        result = execute(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=dict(asked.variables),
            operation_name=operation.name,
        )
        if inspect.isawaitable(result):
            result = await result
        return answered(result, context)

    async def feed(self, operation: Operation, asked: Asked, context: Context) -> AsyncGenerator[Answer, None]:
        """The messages of a subscription; a single one where it could not begin."""
        result: Any = subscribe(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=dict(asked.variables),
            operation_name=operation.name,
        )
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, ExecutionResult):
            yield answered(result, context)
            return
        try:
            async for each in result:
                yield answered(each, context)
        finally:
            await result.aclose()


class Unfit(Exception):
    """The request cannot be executed at all; `errors` say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__()
        self.errors = tuple(errors)

    def answer(self, context: Context) -> Answer:
        return refused(self.errors, context)


def answered(result: ExecutionResult, context: Context) -> Answer:
    """A result as it is sent. Errors without a path came before execution: then there is no data to speak of."""
    if result.errors and result.data is None and all(error.path is None for error in result.errors):
        return refused(result.errors, context)
    body: dict[str, Any] = {"data": result.data}
    if result.errors or context.beside:
        errors = [*(result.errors or ()), *context.beside]
        context.beside.clear()
        body["errors"] = [formatted(error, context.correlation) for error in errors]
    return Answer(body)


def refused(errors: Sequence[GraphQLError], context: Context) -> Answer:
    """A request that was not executed."""
    told = [formatted(error, context.correlation) for error in errors]
    code = Code(told[0]["extensions"]["code"]) if told else Code.BAD_INPUT
    return Answer({"errors": told}, STATUS.get(code, 400))


def is_subscription(operation: Operation) -> bool:
    return operation.kind is OperationType.SUBSCRIPTION
