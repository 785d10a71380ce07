"""Run the benches: all, or those whose module or ratio begins with one of the names given."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
from pathlib import Path
from statistics import median

import uvloop

import tests.bench
from services.runtime.development import made_secrets
from services.runtime.embedded import process
from services.runtime.embedded.postgres import EmbeddedPostgres
from tests.bench import Ground, Ratio
from tests.ground import Databases

BUILD = Path(__file__).parents[2] / "build" / "bench.json"


def main() -> int:
    """Measure, print, write; 1 where a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="modules of tests/bench")
    parser.add_argument("--rounds", type=int, default=5, help="each side's rounds, at least 5 for a figure to be stated")
    arguments = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("SUPPORT_")]:
        del os.environ[name]
    known = [module.name for module in pkgutil.iter_modules(tests.bench.__path__) if not module.name.startswith("_")]
    chosen = [name for name in known if not arguments.names or name in arguments.names]
    if unknown := set(arguments.names) - set(known):
        parser.error(f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    measured: dict[str, Ratio] = {}
    with tempfile.TemporaryDirectory(prefix="support-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # as root, PostgreSQL runs as nobody
        made = made_secrets(home)
        server = EmbeddedPostgres(
            home, process.free_port(), made["postgres_superuser_password"], made["postgres_owner_password"]
        )
        child = server.start()
        try:
            ground = Ground(Databases(server, home), home, arguments.rounds)
            for name in chosen:
                module = importlib.import_module(f"tests.bench.{name}")
                if hasattr(module, "run"):
                    found = (
                        uvloop.run(module.run(ground))
                        if getattr(module, "LOOP", "uvloop") == "uvloop"
                        else asyncio.run(module.run(ground))
                    )
                    measured |= found
                    show(found)
        finally:
            process.stop(child, signal.SIGINT)
    write(measured)
    missed = [name for name, ratio in measured.items() if not ratio.reached]
    print(f"\n{len(measured) - len(missed)} of {len(measured)} reached; missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


def show(measured: dict[str, Ratio]) -> None:
    """One line a ratio: medians of both sides, the ratio, its spread over the rounds, its target."""
    for name, ratio in measured.items():
        low, high = ratio.spread
        bound = "stated" if ratio.target is None else f"{'≤' if ratio.at_most else '≥'} {ratio.target:g}"
        verdict = "" if ratio.target is None else ("reached" if ratio.reached else "MISSED")
        print(
            f"{name:<48} {median(ratio.ours):>10,.1f} : {median(ratio.peer):>10,.1f} {ratio.unit:<12}"
            f" {ratio.value:>7.2f}  ({low:.2f} – {high:.2f})  {bound:<9} {verdict}",
            flush=True,
        )


def write(measured: dict[str, Ratio]) -> None:
    """Keep the figures of benches that did not run this time."""
    BUILD.parent.mkdir(exist_ok=True)
    kept = json.loads(BUILD.read_text()) if BUILD.exists() else {}
    kept |= {name: round(ratio.value, 4) for name, ratio in measured.items()}
    BUILD.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
