"""Whatever is logged goes through a screen: whole texts, and every text within data."""

from __future__ import annotations

import pytest

from voice.safety.filters import Blocked, NoFilter, NoGuard, screened, screened_data


class Shouting(NoFilter):
    """Keeps the last character until the text is complete; does not let an exclamation mark pass."""

    def __init__(self) -> None:
        self.held = ""

    def feed(self, text: str) -> str:
        if "!" in text:
            raise Blocked("loud", "too loud")
        text = self.held + text
        self.held = text[-1:]
        return text[:-1].upper()

    def flush(self) -> str:
        return self.held.upper()


def test_a_whole_text_comes_out_whole() -> None:
    assert screened(NoGuard(Shouting), "hello") == "HELLO"
    assert screened(NoGuard(), "hello") == "hello"


def test_every_text_in_data_is_screened_and_nothing_else() -> None:
    data = {"to": "ada", "deep": [{"note": "hi"}, ("a", 1)], "on": True, "at": 2.5, "none": None}
    wanted = {"to": "ADA", "deep": [{"note": "HI"}, ["A", 1]], "on": True, "at": 2.5, "none": None}
    assert screened_data(NoGuard(Shouting), data) == wanted


@pytest.mark.parametrize("data", ["no!", {"a": ["fine", "no!"]}])
def test_what_must_not_go_on_is_refused_wherever_it_stands(data: object) -> None:
    with pytest.raises(Blocked) as blocked:
        screened_data(NoGuard(Shouting), data)
    assert (blocked.value.code, str(blocked.value)) == ("loud", "too loud")
