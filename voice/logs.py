"""What logs may contain: eight characters of a session id, but no tokens, keys or text of conversations."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable

CHATTY = ("aioice", "aiortc", "httpx", "httpcore", "openai", "websockets", "uvicorn", "huggingface_hub")
"""Libraries that write what they send and receive, where they are let."""

_ID = re.compile(r"(?<![\w-])s_[\w-]{22}(?![\w-])")
_SECRET = re.compile(r"(?<![\w-])(vt_|vs_|sk-|ek_|conv_|resp_)[\w.-]{8,}|(?i:\b(bearer )[\w.~+/=-]{8,})")
_known: set[str] = set()


def short(session: str) -> str:
    """A session id as it appears in logs."""
    return session[:8]


def discreet(text: str) -> str:
    """The text with ids cut to eight characters and tokens and keys removed."""
    for secret in _known:
        text = text.replace(secret, "…")
    text = _SECRET.sub(lambda found: (found[1] or found[2]) + "…", text)
    return _ID.sub(lambda found: short(found[0]) + "…", text)


def kinds(error: BaseException) -> str:
    """The traceback with types of errors instead of their messages, which may quote the conversation."""
    lines: list[str] = []
    for one in _all(error):
        lines += ["Traceback (most recent call last):\n", *traceback.format_tb(one.__traceback__)]
        lines.append(type(one).__qualname__ + (f": {one.strerror}" if isinstance(one, OSError) else "") + "\n")
    return discreet("".join(lines).rstrip("\n"))


def _all(error: BaseException) -> list[BaseException]:
    """An error, before it what it came from and those it holds together."""
    found: dict[int, BaseException] = {}
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found[id(one)] = one
            came = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
            waiting += [came] if came is not None else []
            waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
    return [*found.values()][::-1]


class Discreet(logging.Filter):
    """Makes every record discreet, its traceback as well."""

    def filter(self, record: logging.LogRecord) -> bool:
        text, error = record.getMessage(), record.exc_info[1] if record.exc_info else None
        if error is not None:
            for one in _all(error)[::-1]:  # asyncio tells a forgotten task with the error in it
                text = text.replace(repr(one), type(one).__qualname__)
            record.exc_text = kinds(error)
        elif record.exc_text:
            record.exc_text = discreet(record.exc_text)
        record.msg, record.args = discreet(text), None
        if record.stack_info:
            record.stack_info = discreet(record.stack_info)
        return True


def begin() -> None:
    """Have a server process log its warnings and errors, discreetly, to standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    install()


def install(secrets: Iterable[str] = ()) -> None:
    """Filter all log records of this process; `secrets` are removed from every line. May be called again."""
    _known.update(secret for secret in secrets if len(secret) >= 4)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    handlers = [*logging.getLogger().handlers, logging.lastResort]
    for handler in handlers:
        if handler is not None and not any(isinstance(one, Discreet) for one in handler.filters):
            handler.addFilter(Discreet())
