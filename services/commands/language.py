"""In which language did a customer write? Told to whoever answers in English; it never decides whether a message is taken.

py3langid, whose model lies in its wheel (4 MiB; nothing is fetched). Measured on tests/services/language/mails.toml, seven languages,
22 one-sentence mails each, Python 3.11: 96.8 % right at 0.05 ms a message, 90 MiB once loaded (a third of it numpy), loop held up for
25 ms at most while another thread loads it. lingua-language-detector: 97.4 %, 0.27 ms, 160 to 210 MiB, and it holds the interpreter for
0.9 s while it loads; simplemma: 94.2 %, 11 ms. What remains wrong is Danish for Bokmål and Nynorsk for Bokmål, both answered alike.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from logging import getLogger
from threading import Lock
from typing import Any

SURE = 0.4
"""Of the most likely language. On single words and on code the model spreads thin: "ok" 0.01, "Tak" 0.02, a shell command 0.12."""
SCANDINAVIAN = frozenset({"da", "nb", "nn", "sv"})
AMONG_SCANDINAVIAN = 0.7
"""Or of these together: that it is none but one of them matters more than which."""
LONGEST = 2_000
"""Characters looked at. More of the same makes it no surer."""
_CODES = {"no": "nb"}
_loading = Lock()
log = getLogger(__name__)

_FENCED = re.compile(r"(?:^|\n)(```|~~~).*?(?:\n\1|\Z)", re.DOTALL)
_INLINE = re.compile(r"`[^`\n]*`")
_QUOTED = re.compile(r"[ \t]{0,3}[>|]")
_INDENTED = re.compile(r"(?: {4}|\t)\S")
_WROTE = "wrote|skrev|skreiv|schrieb|kirjoitti|écrit|escribió|schreef"
_ANSWERED = re.compile(
    r"-{2,} ?(?:original|oprindelig|ursprung|opprinnelig|opphavleg|alkuperäinen|forwarded|videresendt|vidarebefordra|weitergeleitet)"
    r"|_{10,}$|(?:from|fra|från|frå|von|lähettäjä): "
    rf"|.{{0,200}}\b(?:{_WROTE})\b.{{0,80}}:$",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"--\s*$|(?:med )?(?:venlig|vennlig|vänlig|venleg)[a-zæøåäö]* (?:hilsen|hilsner|hälsning|hälsningar|helsing)\b"
    r"|mvh\b|mit freundlichen|(?:best|kind|warm)? ?regards\b|ystävällisin|sent from my|sendt fra min|skickat från min",
    re.IGNORECASE,
)
_LOGGED = re.compile(
    r"\W*(?:\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|\[?(?:error|warn|warning|info|debug|fatal)\b|at [\w.$]+\(|traceback|file \"|\$ |# |>>> )",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")


async def language_of(body: str) -> str | None:
    """As `detect`, beside the event loop: the first call loads the model, which takes about a second."""
    try:
        return await asyncio.to_thread(detect, body)
    except Exception as error:  # whatever is wrong with the model: the message is taken
        log.warning("no language detected", extra={"error": type(error).__name__})
        return None


def detect(body: str) -> str | None:
    """The language of what the sender wrote themselves, ISO 639-1; None when unsure. The same text always gives the same answer."""
    text = own_words(body)
    if len(_WORD.findall(text)) < 2:
        return None
    ranked = [(_CODES.get(code, code), sure) for code, sure in _model().rank(text)]
    code, sure = ranked[0]
    among = sum(each for name, each in ranked if name in SCANDINAVIAN) if code in SCANDINAVIAN else 0.0
    return code if len(code) == 2 and (sure >= SURE or among >= AMONG_SCANDINAVIAN) else None


def own_words(body: str) -> str:
    """Without what decides nothing: quotations, the signature and what follows it, code, logs, addresses."""
    # NUL and the like cannot come here, lone surrogates neither: both are refused before, and the model would read them all the same.
    text = _INLINE.sub(" ", _FENCED.sub("\n", body[: 20 * LONGEST]))
    kept: list[str] = []
    for line in text.splitlines():
        if _ANSWERED.match(line.strip()) and kept:
            break
        if kept and _SIGNED.match(line.strip()):
            break
        if _QUOTED.match(line) or _INDENTED.match(line) or _LOGGED.match(line) or _ANSWERED.match(line.strip()):
            continue
        kept += [word for word in line.split() if not _is_address(word)]
    return " ".join(kept)[:LONGEST]


def _is_address(word: str) -> bool:
    """A web or mail address, a path, a host name: in no language."""
    return (
        "://" in word
        or "@" in word
        or word.count("/") > 1
        or word.strip(".,;:!?").count(".") > 1
        or "\\" in word
        or "_" in word
    )


def _model() -> Any:
    with _loading:  # two threads would load it twice
        return _load()


@lru_cache(maxsize=1)
def _load() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # numpy and the model only where a customer's message is read

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
