"""`voice home` from the settings: personas, and a server that is closed to all who have no link."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voice.errors import ConfigError
from voice.server.home.routes import Persona
from voice.settings.schema import Settings
from voice.wiring.home import closed, home_page


def written(personas: str) -> Settings:
    settings = Settings()
    return replace(settings, home=replace(settings.home, personas=personas))


def test_personas_are_written_in_one_setting() -> None:
    page = home_page(written("Cook: You cook. Be brief: it is hot. | Tutor: Ask first. |"))
    assert page.personas == [Persona("Cook", "You cook. Be brief: it is hot."), Persona("Tutor", "Ask first.")]
    assert page.models == []
    assert page.voices
    for wrong in ("Cook", "Cook:", ": You cook."):
        with pytest.raises(ConfigError, match=r"home\.personas.*NAME: INSTRUCTIONS"):
            home_page(written(wrong))


def test_the_rest_of_the_server_needs_a_key_that_nobody_is_shown() -> None:
    one, other = closed(Settings()).serve.api_keys, closed(Settings()).serve.api_keys
    assert len(one) > 40
    assert one != other
    own = replace(Settings(), serve=replace(Settings().serve, api_keys="my-own-key"))
    assert closed(own) is own
