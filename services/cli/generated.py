"""The files that are made from the code and committed: schema.graphql, and domain/schemas/<topic>.json for every event."""

from __future__ import annotations

import tempfile
from pathlib import Path

import services.cli.declared  # noqa: F401 - every topic
from services.runtime.event_schemas import event_schemas, write_event_schemas

EVENTS = "domain/schemas"
GRAPHQL = "schema.graphql"


def write(root: Path) -> list[Path]:
    """Bring them up to date; returns those that changed."""
    changed = write_event_schemas(root / EVENTS, event_schemas())
    text = graphql()
    if not (root / GRAPHQL).exists() or (root / GRAPHQL).read_text(encoding="utf-8") != text:
        (root / GRAPHQL).write_text(text, encoding="utf-8")
        changed.append(root / GRAPHQL)
    return changed


def stale(root: Path) -> list[Path]:
    """Those that are not what the code says; nothing is written."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder)
        write(wanted)
        names = {file.relative_to(base) for base in (wanted, root) for file in [*base.glob(f"{EVENTS}/*.json"), base / GRAPHQL]}
        return [root / name for name in sorted(names) if _text(wanted / name) != _text(root / name)]


def graphql() -> str:
    """The schema of the gateway as a file."""
    from services.gateway.schema import printed

    return printed()


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None
