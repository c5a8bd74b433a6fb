"""What holds for all tests: no reach beyond their folders, and nothing in any log that may not stand there."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support import canaries

REAL_TIME = (
    "tests/audio/test_devices.py",
    "tests/benchmarks/",
    "tests/cli/commands/setup/",
    "tests/cli/commands/test_devices.py",
    "tests/kiosk/",
    "tests/server/realtime/",
    "tests/server/test_faults_",
    "tests/server/test_javascript_clients.py",
    "tests/server/test_operate.py",
    "tests/test_live.py",
    "tests/test_readme.py",
    "tests/system/test_service_real.py",
)
"""What plays, listens, kills servers in real time or needs the default port: one of the two processes runs it all."""


@pytest.fixture(autouse=True, scope="session")
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing a test does reaches the developer's own conversations, keys and settings, or is changed by them."""
    folder = tmp_path_factory.mktemp("data")
    os.environ["XDG_DATA_HOME"] = str(folder)
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))
    return folder


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("unhurried", deadline=None)  # a slow machine is no failure
    settings.load_profile("unhurried")
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(canaries.Reader())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays in one process, and so does all that needs real time."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group("real time" if file.startswith(REAL_TIME) else file))


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
    if (sent := getattr(session.config, "workeroutput", None)) is not None:
        sent["canaries"] = canaries.found
    elif canaries.found and session.exitstatus == 0:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What was logged in one of the processes."""
    canaries.found += getattr(node, "workeroutput", {}).get("canaries", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in canaries.found:
        terminalreporter.write_line(f"in a log: {line}", red=True)
