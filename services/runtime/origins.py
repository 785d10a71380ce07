"""Where a setting came from: its variable, a mounted file, the development folder, or its default."""

from __future__ import annotations

import os

from services.runtime.development import DevelopmentValues
from services.runtime.settings import Settings, plain, variable


def origins(settings: Settings) -> dict[str, str]:
    """Where each setting came from: its variable, its mounted file, the development folder, or the default."""
    folder = settings.secrets_dir
    files = {file.name.lower(): file for file in folder.iterdir()} if folder else {}
    set_ = {name.lower() for name, value in os.environ.items() if value}
    known = {} if settings.production else DevelopmentValues.known(settings.home)
    found = {}
    for name in Settings.model_fields:
        key = variable(name).lower()
        if key in set_:
            found[name] = f"environment {variable(name)}"
        elif key in files:
            found[name] = f"file {files[key]}"
        elif known.get(name) is not None and known[name] == plain(getattr(settings, name)):
            found[name] = f"made for development in {settings.home}"
        else:
            found[name] = "default"
    return found


def given(settings: Settings, name: str) -> bool:
    """Whether somebody set it, by variable or mounted file."""
    return origins(settings)[name].startswith(("environment", "file"))
