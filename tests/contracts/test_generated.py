"""What is generated and committed is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_generated_file_is_stale(tmp_path: Path) -> None:
    # In a process of its own, because tests declare events too.
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "schemas", "--check"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, ""), f"{done.stdout}{done.stderr}run `make schemas` and commit what changed"
