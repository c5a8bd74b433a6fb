"""A log tells what happened and to which session, and neither what was said nor how to get in."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from tests.support import canaries
from voice import logs
from voice.logs import discreet
from voice.sessions.tokens import new_session_id, new_token, scoped_token


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a program's own handler writes; away from the suite's reader, which would fail the test."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    before, root.handlers = root.handlers, [handler]
    known, levels = set(logs._known), {name: logging.getLogger(name).level for name in logs.CHATTY}
    logs.install(["hunter2-the-api-key", ""])
    yield stream
    root.handlers = before
    logs._known.clear()
    logs._known.update(known)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_ids_are_cut_and_tokens_left_out(written: io.StringIO) -> None:
    sid, token = new_session_id(), new_token()
    scoped = scoped_token(b"hash", sid, "read", 1000.0)
    log = logging.getLogger("voice.test")
    log.warning("session %s opened with %s and %s", sid, token, scoped)
    log.warning("Authorization: Bearer abcdefgh12345678, key hunter2-the-api-key, model key sk-abcdefgh1234")
    text = written.getvalue()
    for secret in (sid, token, scoped, "abcdefgh", "hunter2", scoped[-20:]):
        assert secret not in text
    assert f"session {sid[:8]}… opened with vt_… and vs_…" in text


def test_tracebacks_are_discreet_too(written: io.StringIO) -> None:
    log, said = logging.getLogger("voice.test"), "words of a person"
    try:
        try:
            raise ConnectionResetError(104, "gone", said)
        except ConnectionResetError as error:
            raise ExceptionGroup(said, [ValueError(said), KeyError(said)]) from error
    except ExceptionGroup as error:
        log.exception("failed", stack_info=True)
        log.error("never retrieved: %r", error, exc_info=error)  # as asyncio does
    text = written.getvalue()
    assert said not in text
    assert text.count("ConnectionResetError: gone\n") == 2
    assert text.count("\nExceptionGroup\n") == text.count("\nValueError\n") == 2
    assert "never retrieved: ExceptionGroup\n" in text
    assert "test_tracebacks_are_discreet_too" in text


def test_a_text_of_a_traceback_keeps_no_secret(written: io.StringIO) -> None:
    token = new_token()
    record = logging.makeLogRecord(
        {"name": "voice.test", "msg": "failed", "levelno": logging.ERROR, "exc_text": f"no such token: {token}"}
    )
    logging.getLogger("voice.test").handle(record)
    assert "no such token: vt_…" in written.getvalue()
    assert token not in written.getvalue()


def test_a_program_without_a_handler_is_discreet(capsys: pytest.CaptureFixture[str], written: io.StringIO) -> None:
    logging.getLogger().handlers = []
    logs.install()
    token = new_token()
    logging.getLogger("voice.test").warning("token %s", token)
    assert capsys.readouterr().err == "token vt_…\n"
    assert logging.lastResort is not None
    assert sum(isinstance(one, logs.Discreet) for one in logging.lastResort.filters) == 1


@pytest.mark.parametrize(
    "text", ["turns_discarded", "the s_1 of s_abc", "12:30 vt", "an ask-me-anything-1234 day", "剑"]
)
def test_other_words_stay(text: str) -> None:
    assert discreet(text) == text


def test_libraries_that_write_what_they_send_are_quiet(written: io.StringIO) -> None:
    for name in logs.CHATTY:
        logging.getLogger(name).info("HTTP Request: POST body")
    assert written.getvalue() == ""


def test_the_reader_of_this_suite_sees_what_is_forbidden() -> None:
    before = len(canaries.found)
    log = logging.getLogger("voice.test")
    log.info("said: %s", "the word is swordfish")
    log.warning("token %s of %s", new_token(), new_session_id())
    try:
        raise ValueError(canaries.SPOKEN[1])
    except ValueError:
        log.exception("failed")
    log.info("nothing to see in s_abcdef…")
    told, canaries.found[before:] = canaries.found[before:], []
    assert [line.split("'")[1][:2] for line in told] == ["sw", "vt", "s_", "剑鱼"]
    assert "test_the_reader" in told[0]


def test_the_reader_is_at_work() -> None:
    readers = [handler for handler in logging.getLogger().handlers if isinstance(handler, canaries.Reader)]
    assert len(readers) == 1
    before = readers[0].lines
    logging.getLogger("voice.test").info("a line")
    assert readers[0].lines == before + 1
