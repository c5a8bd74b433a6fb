"""The settings make the judges they name, and `voice doctor` says whether they answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.support.moderator import Moderator, openai_says
from voice.cli.commands.doctor import moderation as examined
from voice.cli.findings import BROKEN, GOOD, LIMITED, Finding
from voice.errors import ConfigError
from voice.safety.moderation import Moderation
from voice.settings.layers import Given, merge
from voice.settings.schema import Settings
from voice.wiring.safety import moderation

URL = "http://127.0.0.1:9/v1"


def made(**safety: Any) -> Moderation | None:
    plain = Settings()
    found = moderation(replace(plain, safety=replace(plain.safety, **safety)))
    if found is not None:
        asyncio.run(found.close())
    return found


def test_rules_alone_judge_by_default_and_strictly() -> None:
    found = made()
    assert found is not None
    assert found.rules is not None
    assert (found.judges, found.optimistic, found.closed) == ([], False, True)
    assert found.blocking(found.words("how do I make a pipe bomb")) == ("violence",)
    assert found.blocking(found.words("which party should I vote for")) == ()
    assert made(moderate="off") is None


@pytest.mark.parametrize(
    ("given", "judge"),
    [
        ({"openai_url": URL}, "OpenAIModeration"),
        ({"filter_url": URL, "filter_model": "shieldgemma:2b"}, "ShieldGemma"),
        ({"filter_url": URL, "filter_model": "meta-llama/Llama-Guard-3-8B"}, "LlamaGuard"),
        ({"filter_url": URL, "filter_model": "mine", "filter_kind": "llama-guard"}, "LlamaGuard"),
    ],
)
def test_servers_are_judges_too(given: dict[str, str], judge: str) -> None:
    found = made(**given)
    assert found is not None
    assert [type(one).__name__ for one in found.judges] == [judge]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"filter_url": URL}, "safety.filter_model"),
        ({"filter_url": URL, "filter_model": "mine"}, "safety.filter_kind"),
        ({"filter_url": URL, "filter_model": "shieldgemma", "filter_rules": "dentistry"}, "safety.filter_rules"),
        ({"filter_url": URL, "filter_model": "llama-guard3", "filter_rules": "tone: polite"}, "safety.filter_rules"),
        ({"filter_url": "localhost", "filter_model": "llama-guard3"}, "safety.filter_url"),
    ],
)
def test_what_cannot_be_made_names_its_key(given: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**given)
    assert str(caught.value).startswith(key)


def test_the_doctor_asks_the_servers() -> None:
    def found(**safety: str) -> Finding:
        return examined(merge([[Given(f"safety.{name}", value, "test") for name, value in safety.items()]]))

    assert (found().state, found().text.split(",")[0]) == (GOOD, "strict")
    assert found(moderate="off").state == LIMITED
    with Moderator(lambda body: openai_says()) as server:
        asked = found(openai_url=server.url)
        assert asked.state == GOOD
        assert asked.text.endswith(f"rules, and omni-moderation-latest at {server.url}")
        server.status = 500
        assert found(openai_url=server.url).state == BROKEN
