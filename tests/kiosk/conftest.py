"""One `voice kiosk` and one Chromium for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks.chromium import HUMMING, PROGRAM
from tests.support.kiosk import KioskProcess, browser


@pytest.fixture(scope="package")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    if PROGRAM is None:
        pytest.skip("Chromium is not installed: scripts/system chromium")
    with KioskProcess(tmp_path_factory.mktemp("kiosk")) as running:
        yield running


@pytest.fixture(scope="package")
def chromium(kiosk: KioskProcess) -> Iterator[Browser]:
    """A browser whose microphone hums."""
    with browser(*HUMMING) as launched:
        yield launched
