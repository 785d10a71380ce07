"""Looks over the shoulder of whoever reads: each statement with the arguments it came with, as the role that sent it, and what asked."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import projections
import services
from projections.database import Database
from tests.load.exempt import REPORTS, WALKS

ROOT = str(Path(projections.__file__).parent)
SIZES = "SELECT relname, reltuples::bigint AS rows FROM pg_class WHERE relkind = 'r' AND reltuples >= $1"


@dataclass
class Watch:
    """What was said so far: by role and statement, a few sets of arguments; and which query functions were in use."""

    said: dict[tuple[str, str], list[tuple[object, ...]]] = field(default_factory=dict)
    asked_by: dict[tuple[str, str], str] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)

    def note(self, role: str, query: str, args: tuple[object, ...]) -> None:
        kept = self.said.setdefault((role, query), [])
        if not kept:
            kept.append(args)
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename.startswith(ROOT):
                name = f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
                self.functions.add(name)
                self.asked_by[role, query] = name
            frame = frame.f_back  # type: ignore[assignment]


class Watched:
    """A pool or connection whose statements are noted. Everything else is its own."""

    def __init__(self, inner: Any, role: str, watch: Watch) -> None:
        self._inner, self._role, self._watch = inner, role, watch

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        self._watch.note(self._role, query, args)
        rows: Sequence[Any] = await self._inner.fetch(query, *args)
        return rows

    async def fetchrow(self, query: str, *args: object) -> Any:
        self._watch.note(self._role, query, args)
        return await self._inner.fetchrow(query, *args)

    def cursor(self, query: str, *args: object, **options: Any) -> Any:
        self._watch.note(self._role, query, args)
        return self._inner.cursor(query, *args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def queries() -> set[str]:
    """Every function of the projections that asks a database something."""
    found = set()
    for module in pkgutil.iter_modules(projections.__path__):
        loaded = importlib.import_module(f"projections.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.iscoroutinefunction):
            first = next(iter(inspect.signature(function, eval_str=True).parameters.values()), None)
            if function.__module__ == loaded.__name__ and first is not None and first.annotation is Database:
                found.add(f"{module.name}.{name}")
    return found


def imported() -> set[str]:
    """Those that gateway, scheduler and notifier name in their imports, or in `module.function`."""
    named = set()
    for process in ("gateway", "scheduler", "notifier"):
        for path in sorted((Path(services.__path__[0]) / process).rglob("*.py")):
            tree = ast.parse(path.read_text())
            modules: dict[str, str] = {}
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module == "projections":
                    modules |= {each.asname or each.name: each.name for each in node.names}
                elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("projections."):
                    named |= {f"{(node.module or '').removeprefix('projections.')}.{each.name}" for each in node.names}
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                    named.add(f"{modules[node.value.id]}.{node.attr}")
    return queries() & named


@dataclass(frozen=True)
class Found:
    """A statement, what it reads too much of, and how long it took."""

    role: str
    by: str
    whole: str
    """Big tables that are read by a sequential scan."""
    far: str
    """Those of which much is read by an index."""
    milliseconds: float
    query: str

    @property
    def wrong(self) -> bool:
        return self.by not in REPORTS and bool(self.whole or (self.far and self.by not in WALKS))

    def __str__(self) -> str:
        return f"{self.by} as {self.role}: {self.whole or self.far}\n{self.query[-900:]}"


async def explained(
    connection: Any, role: str, watch: Watch, *, big: int, share: float, only: frozenset[str], small: bool
) -> list[Found]:
    """Each statement of a role (`only` of these functions) with its arguments, planned for any arguments (generic).

    `small`: tables are not so big that the planner must take an index; then whatever index there is, is taken.
    Too much is a sequential scan of a table of `big` rows or more, and reading more than a `share` of such a table by whatever way.
    """
    sizes = {row["relname"]: row["rows"] for row in await connection.fetch(SIZES, big)}
    found = []
    await connection.execute(f"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = {'off' if small else 'on'}")
    for (whose, query), many in watch.said.items():
        by = watch.asked_by.get((role, query), "?")
        if whose != role or (only and by not in only):
            continue
        for args in many:
            transaction = connection.transaction()
            await transaction.start()
            try:
                plan = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}", *args))[0]
            finally:
                await transaction.rollback()
            problems = sorted(set(_problems(plan["Plan"], sizes, share)))
            whole, far = ("; ".join(text for is_whole, text in problems if is_whole is kind) for kind in (True, False))
            found.append(Found(role, by, whole, far, plan["Execution Time"], query))
    return found


def _problems(node: dict[str, Any], sizes: dict[str, int], share: float) -> list[tuple[bool, str]]:
    problems = []
    table = node.get("Relation Name")
    if table in sizes:
        looked = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        read = int(looked * node["Actual Loops"])
        if node["Node Type"] == "Seq Scan" and node["Actual Loops"]:
            problems.append((True, f"a sequential scan of {table} ({sizes[table]} rows)"))
        elif read > share * sizes[table]:
            problems.append((False, f"{read} of {sizes[table]} rows of {table} are read by {node['Node Type']}"))
    for child in node.get("Plans", ()):
        problems += _problems(child, sizes, share)
    return problems
