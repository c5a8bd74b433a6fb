"""What may stand in a log: eight characters of a session's id, nothing of a token or key."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from voice.chat.identity import short

CHATTY = ("httpx", "httpcore", "openai", "websockets", "uvicorn", "huggingface_hub")
"""Libraries that write what they send and receive, where they are let."""

_ID = re.compile(r"(?<![\w-])s_[\w-]{22}(?![\w-])")
_SECRET = re.compile(r"(?<![\w-])(vt_|vs_|sk-|ek_)[\w.-]{8,}|(?i:\b(bearer )[\w.~+/=-]{8,})")
_formatter = logging.Formatter()
_known: set[str] = set()


def discreet(text: str) -> str:
    """The text with ids cut to eight characters, and tokens and keys left out."""
    for secret in _known:
        text = text.replace(secret, "…")
    text = _SECRET.sub(lambda found: (found[1] or found[2]) + "…", text)
    return _ID.sub(lambda found: short(found[0]) + "…", text)


class Discreet(logging.Filter):
    """Makes every record discreet, its traceback as well."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = discreet(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = _formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = discreet(record.exc_text)
        if record.stack_info:
            record.stack_info = discreet(record.stack_info)
        return True


def install(secrets: Iterable[str] = ()) -> None:
    """Make all that this process logs discreet; `secrets` are texts that may stand in no line. May be called again."""
    _known.update(secret for secret in secrets if len(secret) >= 4)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    handlers = [*logging.getLogger().handlers, logging.lastResort]
    for handler in handlers:
        if handler is not None and not any(isinstance(one, Discreet) for one in handler.filters):
            handler.addFilter(Discreet())
