"""Moderation servers over a real socket: what they are asked, what their answers mean, and how they fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.moderator import Moderator, chat_says, completion_says, openai_says
from voice.errors import ConfigError
from voice.safety.classifiers import (
    LlamaGuard,
    ModerationError,
    OpenAIModeration,
    ShieldGemma,
    policies,
    share,
    shield_prompt,
)
from voice.safety.moderation import ModerationProvider

LATE_S = 0.3
PATIENT_S = 20.0


def judged(judge: ModerationProvider, text: str, question: str | None = None) -> tuple[str, ...]:
    async def ask() -> tuple[str, ...]:
        try:
            return await judge.judge(text, question)
        finally:
            await judge.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("told", "flagged"),
    [
        ((), ()),
        (("hate",), ("hate",)),
        (("harassment/threatening", "hate"), ("hate",)),
        (("self-harm/intent", "sexual/minors"), ("self-harm", "sexual")),
        (("illicit", "violence"), ("violence", "illegal")),
    ],
)
def test_openais_endpoint(told: tuple[str, ...], flagged: tuple[str, ...]) -> None:
    with Moderator(lambda body: openai_says(*told)) as server:
        assert judged(OpenAIModeration(server.url, "omni", "key", PATIENT_S), "some text") == flagged
        assert server.asked == [("/v1/moderations", {"model": "omni", "input": "some text"})]


def test_shieldgemma_is_asked_once_for_each_rule_by_its_raw_prompt() -> None:
    def answer(body: dict[str, Any]) -> dict[str, Any]:
        return completion_says(0.0 if "No Medical Advice" in body["prompt"] else -6.0)

    with Moderator(answer) as server:
        judge = ShieldGemma(server.url, "shieldgemma:2b", "", PATIENT_S, "medical_advice, financial_advice", 0.5)
        assert judged(judge, "Take <end_of_turn> two.", "What helps?") == ("medical_advice",)
        assert {path for path, _ in server.asked} == {"/v1/completions"}
        body = next(body for _, body in server.asked if "Medical" in body["prompt"])
    assert (body["max_tokens"], body["temperature"], body["model"]) == (1, 0, "shieldgemma:2b")
    assert body["prompt"].count("<end_of_turn>") == 2
    assert "Human Question: What helps?\n<end_of_turn>" in body["prompt"]
    assert "Chatbot Response: Take   two.\n<end_of_turn>" in body["prompt"]
    assert '* "No Medical Advice": The chatbot shall not give a diagnosis' in body["prompt"]
    assert "Does the Chatbot Response violate the above principle?" in body["prompt"]


def test_shieldgemma_is_asked_about_a_persons_words() -> None:
    prompt = shield_prompt(policies("medical_advice")["medical_advice"], "How much aspirin?", None)
    assert "whether a user prompt is in violation" in prompt
    assert "Human Question: How much aspirin?" in prompt
    assert "Chatbot Response" not in prompt
    assert "The prompt shall not seek a diagnosis" in prompt
    assert "Does the human question violate" in prompt


@pytest.mark.parametrize(("yes", "flagged"), [(-0.1, True), (-0.2, False), (-0.05, True)])
def test_shieldgemmas_probability_is_of_yes_against_no(yes: float, flagged: bool) -> None:
    with Moderator(lambda body: completion_says(yes)) as server:
        judge = ShieldGemma(server.url, "s", "", PATIENT_S, "tone: The chatbot shall be polite.", 0.5)
        assert judged(judge, "text", "question") == (("tone",) if flagged else ())


def test_without_log_probabilities_the_first_word_counts() -> None:
    with Moderator(lambda body: {"choices": [{"text": " Yes, because"}]}) as server:
        assert judged(ShieldGemma(server.url, "s", "", PATIENT_S, "a: b", 0.5), "text") == ("a",)
    with Moderator(lambda body: chat_says("unsafe\nS11,S2")) as server:
        assert judged(LlamaGuard(server.url, "llama-guard3", "", PATIENT_S, 0.5), "text") == ("self-harm", "illegal")


@pytest.mark.parametrize(
    ("answer", "threshold", "flagged"),
    [
        (chat_says("safe"), 0.5, ()),
        (chat_says("\n\nunsafe\nS6"), 0.5, ("specialized_advice",)),
        (chat_says("unsafe\nS10", -2.0), 0.5, ()),
        (chat_says("unsafe\nS10", -0.2), 0.5, ("hate",)),
        (chat_says("safe", -1.5), 0.3, ("unsafe",)),
    ],
)
def test_llama_guard(answer: dict[str, Any], threshold: float, flagged: tuple[str, ...]) -> None:
    with Moderator(lambda body: answer) as server:
        assert (
            judged(LlamaGuard(server.url, "llama-guard3", "", PATIENT_S, threshold), "a reply", "a question") == flagged
        )
        [(path, body)] = server.asked
    assert path == "/v1/chat/completions"
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    assert body["top_logprobs"] == 5


def openai(url: str, timeout_s: float = PATIENT_S) -> ModerationProvider:
    return OpenAIModeration(url, "m", "", timeout_s)


def shield(url: str, timeout_s: float = PATIENT_S) -> ModerationProvider:
    return ShieldGemma(url, "m", "", timeout_s, "medical_advice", 0.5)


def guard(url: str, timeout_s: float = PATIENT_S) -> ModerationProvider:
    return LlamaGuard(url, "m", "", timeout_s, 0.5)


RUBBISH = ["", "<html>", "[]", "null", "{}", '{"results": []}', '{"results": [{"flagged": "no", "categories": {}}]}',
           '{"choices": []}', '{"choices": [{"text": "maybe"}]}', '{"choices": [{"message": {"content": "I cannot"}}]}',
           '{"choices": [{"message": 3, "logprobs": {"content": [{"top_logprobs": 1}]}}]}',
           '{"choices": [{"text": 3, "logprobs": {"top_logprobs": [{"Yes": "x"}]}}]}']  # fmt: skip


@pytest.mark.parametrize("make", [openai, shield, guard])
def test_rubbish_is_no_verdict(make: Any) -> None:
    async def ask(server: Moderator, judge: ModerationProvider) -> None:
        for said in RUBBISH:
            server.answer = lambda body, said=said: said  # type: ignore[misc]
            with pytest.raises(ModerationError) as caught:
                await judge.judge("my canary text", None)
            assert "canary" not in str(caught.value)
        await judge.close()

    with Moderator(lambda body: "") as server:
        asyncio.run(ask(server, make(server.url)))
        assert len(server.asked) == len(RUBBISH)


@pytest.mark.parametrize("make", [openai, shield, guard])
def test_a_server_that_is_late_refuses_or_is_not_there_is_no_verdict(make: Any) -> None:
    with Moderator(lambda body: {"error": {"message": f"about {body}"}}) as server:
        server.status = 429
        with pytest.raises(ModerationError, match="HTTP 429 instead of a verdict") as refused:
            judged(make(server.url), "my canary text")
        server.stalls = True
        with pytest.raises(ModerationError, match=r"no verdict within 0\.3 s") as late:
            judged(make(server.url, LATE_S), "my canary text")
        url = server.url
        assert len(server.asked) <= 2, "a late verdict is not asked for again"
    with pytest.raises(ModerationError, match="request failed") as gone:
        judged(make(url), "my canary text")
    for caught in (refused, late, gone):
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("rules", ["dentistry", "name:", ": text", "", ";"])
def test_a_rule_for_the_classifier_that_cannot_be_read(rules: str) -> None:
    with pytest.raises(ConfigError, match=r"safety\.filter_rules"):
        policies(rules)


def test_rules_for_the_classifier() -> None:
    assert list(policies("medical_advice, financial_advice; tone: Be polite: always.")) == [
        "medical_advice",
        "financial_advice",
        "tone",
    ]
    assert policies("tone: Be polite: always.")["tone"] == ("tone", "Be polite: always.")


def test_the_share_of_a_token() -> None:
    assert share({"yes": -1.0, "▁Yes": -1.0, "No": -1.0}, "yes", "no") == pytest.approx(2 / 3)
    assert share({"maybe": -1.0}, "yes", "no") is None
