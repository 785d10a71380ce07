"""What README and CONTRIBUTING tell a newcomer to type is there and works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from services.cli import COMMANDS
from services.runtime.settings import Settings, variable

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
REQUESTS = re.findall(r"^ask \$\w+ '(.*?)'$", README, re.M | re.S)


def test_there_are_requests_to_try() -> None:
    assert len(REQUESTS) >= 2


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_request_is_json_with_a_document_that_fits_the_schema(request_: str) -> None:
    body = json.loads(request_)
    schema = build_schema((ROOT / "schema.graphql").read_text())
    assert validate(schema, parse(body["query"])) == []


def test_every_command_exists() -> None:
    named = set(re.findall(r"(?:\.venv/bin/|`)support ([a-z]+)", README))
    assert named
    assert named <= set(COMMANDS)


def test_every_setting_exists() -> None:
    known = {variable(name) for name in Settings.model_fields}
    named = set(re.findall(r"SUPPORT_[A-Z_]+[A-Z]", README))
    assert named
    assert named <= known


def test_every_target_of_make_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`?make ([a-z]+)`", README + (ROOT / "CONTRIBUTING.md").read_text()))
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in named)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_every_path_exists(file: str) -> None:
    named = re.findall(r"`((?:services|domain|projections|tests)/[\w./-]*)`", (ROOT / file).read_text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
