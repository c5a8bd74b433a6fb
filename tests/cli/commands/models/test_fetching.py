"""How fast this machine reads: on the published tiny.en, with a clock that is told."""

from __future__ import annotations

from itertools import chain

from tests.support.real_models import whisper_folder
from voice.cli.commands.models.fetching import READINGS, read_ms
from voice.settings.schema import Settings


def test_it_is_the_median_of_the_readings_and_the_first_only_warms_up() -> None:
    took = iter((0.3, 0.1, 9.0, 0.2, 0.25))
    ticks = chain.from_iterable((0.0, next(took)) for _ in range(READINGS))
    assert read_ms(whisper_folder(), Settings(), lambda: next(ticks)) == 250.0
    assert list(ticks) == []
