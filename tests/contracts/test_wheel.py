"""What is installed is all that is needed: the wheel runs elsewhere, without the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., str]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a command of an environment that has the wheel and the libraries, in an empty folder."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for package in ("domain", "projections", "services"):
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    wheel = str(next(folder.glob("*.whl")))
    subprocess.run([*pip, f"--python={python}", "install", "--no-deps", "--no-index", wheel], check=True, capture_output=True)
    # The libraries of this environment, but not its editable checkout: a path file does not follow the path files of others.
    libraries = next(environment.glob("lib/python*/site-packages")) / "libraries.pth"
    libraries.write_text(sysconfig.get_path("purelib") + "\n")
    empty = folder / "empty"
    empty.mkdir()

    def run(*command: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUPPORT_", "PYTHON"))}
        done = subprocess.run(
            [str(environment / "bin" / command[0]), *command[1:]],
            cwd=empty,
            env=clean,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_console_script_runs_from_the_wheel(elsewhere: Run) -> None:
    assert "Start here:" in elsewhere("support", "--help")
    assert "SUPPORT_HTTP_PORT=8000" in elsewhere("support", "settings")
    assert "can be used" in elsewhere("support", "policies", "check")


def test_every_module_and_every_file_beside_the_code_is_in_the_wheel(elsewhere: Run) -> None:
    program = (
        "import importlib, pathlib, pkgutil\n"
        "import domain, projections, services\n"
        "for package in (domain, projections, services):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
        "    root = pathlib.Path(package.__path__[0])\n"
        "    for file in sorted(root.rglob('*')):\n"
        "        if file.is_file() and file.suffix != '.pyc': print(file.relative_to(root.parent))\n"
    )
    installed = set(elsewhere("python", "-c", program).splitlines())
    tracked = subprocess.run(
        ["git", "ls-files", "domain", "projections", "services"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert set(tracked.stdout.splitlines()) - installed == set()
