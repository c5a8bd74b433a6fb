"""What holds for all tests: no reach beyond their folders, and nothing in any log that may not stand there."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import canaries


@pytest.fixture(autouse=True, scope="session")
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing a test does reaches the developer's own conversations and keys."""
    folder = tmp_path_factory.mktemp("data")
    os.environ["XDG_DATA_HOME"] = str(folder)
    return folder


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("unhurried", deadline=None)  # a slow machine is no failure
    settings.load_profile("unhurried")
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(canaries.Reader())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A test that has something said in a log, or a token, fails."""
    before = len(canaries.found)
    yield
    told, canaries.found[before:] = canaries.found[before:], []
    if told:
        pytest.fail("in a log: " + "\n".join(told), pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What was logged between tests fails the run as well."""
    if canaries.found and session.exitstatus == 0:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in canaries.found:
        terminalreporter.write_line(f"in a log: {line}", red=True)
