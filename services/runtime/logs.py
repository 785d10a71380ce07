"""What processes say: plain lines in a terminal, JSON where a machine reads, and never anybody's data.

An exception is logged by its class and the place it came from. Its message is left out, because a driver's message can quote
a row ("Key (email)=(…) already exists"). SUPPORT_LOG_LEVEL=debug prints it whole; production refuses that level.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Literal

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logs(
    process: str, *, level: str = "info", form: Literal["auto", "plain", "json"] = "auto", production: bool = False
) -> None:
    """Send this process's logs to stderr. `extra={…}` of a log call becomes fields: types, codes and counts only."""
    as_json = form == "json" or (form == "auto" and (production or not sys.stderr.isatty()))
    handler = logging.StreamHandler(sys.stderr)
    whole = level == "debug"
    handler.setFormatter(JsonLines(process, whole=whole) if as_json else PlainLines(process, whole=whole))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"  # an address line a request is the proxy's to write
    for name in ("asyncio", "nats", "uvicorn.error", "websockets"):
        logging.getLogger(name).setLevel(max(LEVELS[level], logging.WARNING))


class PlainLines(logging.Formatter):
    """`08:14:03 relay caught up position=1.42`."""

    def __init__(self, process: str, *, whole: bool = False) -> None:
        super().__init__()
        self._process = process
        self._whole = whole

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        fields = "".join(f" {name}={value}" for name, value in _extra(record).items())
        return f"{_at(record):%H:%M:%S} {self._process}: {level}{record.getMessage()}{fields}{_failure(record, self._whole)}"


class JsonLines(logging.Formatter):
    """One object a line: at, level, process, logger, message, and what `extra` gave."""

    def __init__(self, process: str, *, whole: bool = False) -> None:
        super().__init__()
        self._process = process
        self._whole = whole

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": _at(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage() + _failure(record, self._whole),
        }
        return json.dumps({**said, **_extra(record), **said}, default=str, ensure_ascii=False)


def failure(error: BaseException) -> str:
    """An exception as it may be logged: class, SQLSTATE or errno where it has one, and the place it was raised."""
    code = getattr(error, "sqlstate", None) or getattr(error, "errno", None)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{f' {code}' if code else ''}{place}"


def _failure(record: logging.LogRecord, whole: bool) -> str:
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    if whole:
        return "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
    return f" ({failure(record.exc_info[1])})"


def _at(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
