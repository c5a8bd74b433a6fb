"""German dates and times as a voice reads them right."""

from __future__ import annotations

import pytest

from voice.text.speakable import spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Heute ist Sonntag, der 22. November 2026.", "Heute ist Sonntag, der zweiundzwanzigste November 2026."),
        ("Wecker: am Montag, dem 7. Dezember, um 8 Uhr.", "Wecker: am Montag, dem siebten Dezember, um 8 Uhr."),
        ("Am 1. Mai und am 31.12.2026.", "Am ersten Mai und am einunddreißigsten Dezember 2026."),
        ("Tag der Einheit: 3. Oktober", "Tag der Einheit: dritter Oktober"),
        ("um 19:30 Uhr", "um 19 Uhr 30"),
        ("um 07:00 Uhr", "um 7 Uhr"),
        ("um 1 Uhr in 1 Minute", "um ein Uhr in eine Minute"),
        ("11 Minuten, 0,1 Sekunden, 3.14", "11 Minuten, 0,1 Sekunden, 3.14"),
        ("Am 45. November", "Am 45. November"),
        ("Punkt 1. Das ist alles.", "Punkt 1. Das ist alles."),
    ],
)
def test_dates_and_times_are_read_right(written: str, said: str) -> None:
    assert spoken(written, language="de") == said
