"""Settings: none needed in development, none missing or unsafe in production, and every complaint names the one to change."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from services.runtime.development import DEVELOPMENT, made_secrets
from services.runtime.origins import given, origins
from services.runtime.setting_forms import with_login
from services.runtime.settings import Settings, SettingsInvalid, is_secret, load_settings, variable

KEY = base64.b64encode(b"k" * 32).decode()
PRODUCTION = {
    "SUPPORT_ENVIRONMENT": "production",
    "SUPPORT_SOURCE": "https://support.example.eu",
    "SUPPORT_POSTGRES_DSN": "postgresql://db:5432/support",
    "SUPPORT_POSTGRES_APPEND_PASSWORD": "p@ss/word",
    "SUPPORT_NATS_URL": "tls://nats:4222",
    "SUPPORT_KEY_ENCRYPTION_KEYS": f"2026:{KEY},2025:{KEY}",
    "SUPPORT_LOOKUP_SECRET": "l" * 32,
    "SUPPORT_TOKEN_SECRET": "t" * 32,
}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUPPORT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def environment(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_development_needs_no_setting_and_keeps_its_secrets(own_home: Path) -> None:
    first, second = load_settings(), load_settings()
    assert first == second
    assert list(first.key_encryption) == [f"{DEVELOPMENT}1"]
    assert first.token_secret.get_secret_value() != first.lookup_secret.get_secret_value()
    assert (own_home / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_an_older_folder_gets_the_secrets_that_are_new(own_home: Path) -> None:
    before = dict(made_secrets(own_home))
    (own_home / "secrets.json").write_text('{"token_secret": "development-kept"}')
    after = made_secrets(own_home)
    assert after["token_secret"] == "development-kept"
    assert after.keys() == before.keys()


def test_data_without_its_secrets_is_refused_before_anything_is_made(own_home: Path) -> None:
    (own_home / "postgres").mkdir(parents=True)
    with pytest.raises(SettingsInvalid, match="SUPPORT_HOME"):
        load_settings()
    assert not (own_home / "secrets.json").exists()


def test_what_the_environment_says_wins_over_a_mounted_file_and_a_file_over_development(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "SUPPORT_TOKEN_SECRET").write_text("from a file\n")
    (mounted / "SUPPORT_LOOKUP_SECRET").write_text("from a file\n")
    environment(monkeypatch, {"SUPPORT_SECRETS_DIR": str(mounted), "SUPPORT_LOOKUP_SECRET": "from the environment"})
    settings = load_settings()
    assert settings.token_secret.get_secret_value() == "from a file"
    assert settings.lookup_secret.get_secret_value() == "from the environment"
    found = origins(settings)
    assert found["token_secret"] == f"file {mounted}/SUPPORT_TOKEN_SECRET"
    assert found["lookup_secret"] == "environment SUPPORT_LOOKUP_SECRET"
    assert found["nats_relay_password"].startswith("made for development")
    assert found["http_port"] == "default"
    assert given(settings, "token_secret")
    assert not given(settings, "nats_relay_password")


def test_secrets_are_never_printed() -> None:
    settings = load_settings()
    assert DEVELOPMENT not in f"{settings!r} {settings}".replace("development-1", "")
    assert {name for name in Settings.model_fields if "password" in name} <= {
        name for name in Settings.model_fields if is_secret(name)
    }


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SUPPORT_HTTP_PORT", "http", "whole|integer"),
        ("SUPPORT_HTTP_PORT", "70000", "65535"),
        ("SUPPORT_ENVIRONMENT", "staging", "production"),
        ("SUPPORT_POSTGRES_DSN", "mysql://db/support", "postgresql://host"),
        ("SUPPORT_POSTGRES_DSN", "postgresql://me:pw@db/support", "SUPPORT_POSTGRES_<ROLE>_USER"),
        ("SUPPORT_NATS_URL", "nats://me:pw@bus", "SUPPORT_NATS_<ROLE>_USER"),
        ("SUPPORT_SOURCE", "support.example.eu", "base URL"),
        ("SUPPORT_POLICIES", "/nowhere/policies.toml", "no such file"),
        ("SUPPORT_CLOCK_FILE", "/nowhere/clock", "no such file"),
        ("SUPPORT_SECRETS_DIR", "/nowhere", "folder"),
        ("SUPPORT_KEY_ENCRYPTION_KEYS", "2026:short", "32 bytes"),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=says) as refused:
        load_settings()
    assert str(refused.value).startswith(name)
    assert "\n" not in str(refused.value)
    assert "pydantic" not in str(refused.value)


def test_a_bad_secret_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_KEY_ENCRYPTION_KEYS", "2026:MARKER")
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    assert "MARKER" not in str(refused.value)


def test_production_starts_with_what_it_needs_and_reads_no_development_folder(
    monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    environment(monkeypatch, PRODUCTION)
    settings = load_settings()
    assert settings.postgres("append") == "postgresql://support_append:p%40ss%2Fword@db:5432/support"
    assert list(settings.key_encryption) == ["2026", "2025"]
    assert not own_home.exists()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SUPPORT_SOURCE": "http://support.example.eu"}, "SUPPORT_SOURCE"),
        ({"SUPPORT_CLOCK_FILE": os.devnull}, "SUPPORT_CLOCK_FILE"),
        ({"SUPPORT_TOKEN_SECRET": "development-" + "x" * 32}, "SUPPORT_TOKEN_SECRET"),
        ({"SUPPORT_KEY_ENCRYPTION_KEYS": f"development-1:{KEY}"}, "SUPPORT_KEY_ENCRYPTION_KEYS"),
        ({"SUPPORT_KEY_ENCRYPTION_KEYS": f"2026:{KEY},development-1:{KEY}"}, "SUPPORT_KEY_ENCRYPTION_KEYS"),
        ({"SUPPORT_LOOKUP_SECRET": "short"}, "SUPPORT_LOOKUP_SECRET"),
        ({"SUPPORT_LOG_LEVEL": "debug"}, "SUPPORT_LOG_LEVEL"),
    ],
)
def test_production_refuses_what_is_unsafe(monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], named: str) -> None:
    environment(monkeypatch, PRODUCTION | changed)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    assert str(refused.value).startswith(named)


def test_production_names_everything_that_is_wrong_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, PRODUCTION | {"SUPPORT_SOURCE": "http://a.example", "SUPPORT_LOOKUP_SECRET": "short"})
    with pytest.raises(SettingsInvalid) as refused:
        load_settings()
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        (lambda settings: settings.postgres("read"), "SUPPORT_POSTGRES_READ_PASSWORD"),
        (lambda settings: settings.nats("relay"), "SUPPORT_NATS_RELAY_PASSWORD"),
        (lambda settings: settings.owner_dsn, "SUPPORT_POSTGRES_OWNER_DSN"),
    ],
)
def test_a_process_that_lacks_a_secret_says_which(monkeypatch: pytest.MonkeyPatch, asked: Any, missing: str) -> None:
    environment(monkeypatch, PRODUCTION)
    with pytest.raises(SettingsInvalid, match=f"{missing} is missing"):
        asked(load_settings())


def test_a_login_with_any_characters_survives_its_connection_string() -> None:
    assert with_login("postgresql://db/support?x=1", "me@x", "a:b/c d") == "postgresql://me%40x:a%3Ab%2Fc%20d@db/support?x=1"


def test_a_variable_is_the_name_of_its_setting() -> None:
    assert variable("http_port") == "SUPPORT_HTTP_PORT"
