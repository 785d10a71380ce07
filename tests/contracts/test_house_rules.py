"""What CONTRIBUTING.md asks of every module, held here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 300
NAMELESS = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "base"}


def modules() -> Iterator[tuple[str, str]]:
    for room in ("domain", "projections", "services"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    assert {name: len(text.splitlines()) for name, text in modules() if len(text.splitlines()) > LONGEST} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [name for name, text in modules() if text.strip() and not ast.get_docstring(ast.parse(text))]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name for name, _ in modules() if Path(name).stem in NAMELESS] == []
