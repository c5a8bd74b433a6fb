"""Which words ask of earlier talks, and of which ones."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from voice.memory.talks.talk_questions import EarlierTurn, TalkQuestion, line_of, talk_question, told

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("words", "term"),
    [
        ("did I mention the dentist", "dentist"),
        ("Have we discussed the garden before?", "garden"),
        ("what did you recommend for the boiler", "boiler"),
        ("what was it I said about the boiler", "boiler"),
        ("remind me what we said about the garden last week", "garden"),
        ("我有没有提到牙医", "牙医"),
        ("关于花园你建议了什么", "花园"),
        ("我昨天提过的那家餐厅叫什么", "餐厅"),
    ],
)
def test_a_topic_is_asked_for(words: str, term: str) -> None:
    question = talk_question(words, TODAY)
    assert question is not None
    assert term in question.about


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("what did we talk about yesterday", date(2026, 11, 26)),
        ("what were we talking about this morning", TODAY),
        ("did we talk on Monday", date(2026, 11, 23)),
        ("我昨晚跟你说了什么", date(2026, 11, 26)),
    ],
)
def test_a_time_is_asked_for(words: str, first: date) -> None:
    question = talk_question(words, TODAY)
    assert question is not None
    assert question.about == {}
    assert question.period is not None
    assert question.period.first == first


@pytest.mark.parametrize("words", ["what did we talk about last time", "我们上次聊了什么", "what did we discuss"])
def test_the_last_talk_is_asked_for(words: str) -> None:
    assert talk_question(words, TODAY) == TalkQuestion({}, last=True)


@pytest.mark.parametrize(
    "words",
    [
        "what did you say",
        "tell me a joke",
        "what should I say to my boss",
        "how do you say hello in Chinese",
        "I said no",
        "let's talk",
        "what did I order last week",
        "when is my daughter's birthday",
        "what did I buy last time",
        "I want to talk about cars",
        "你说什么",
        "我们聊聊天吧",
        "今天天气怎么样",
        "你好怎么说",
        "我有几个订单",
        "我上次买了什么",
        "你会说中文吗",
        "我说不",
    ],
)
def test_other_words_ask_nothing_of_them(words: str) -> None:
    assert talk_question(words, TODAY) is None


def test_a_talk_is_told_in_one_line() -> None:
    talk = EarlierTurn(datetime(2026, 11, 26, 18, 5), "my  dentist\nis Doctor Huang", "Noted. " * 40)
    assert line_of(talk, answered=False) == "Nov 26: “my dentist is Doctor Huang”"
    assert len(line_of(talk, answered=True)) < 150
    about = TalkQuestion({"dentist": 1.0})
    assert told(about, [talk], chinese=False).startswith(
        "On Thursday, November 26 you said: “my dentist is Doctor Huang”."
    )
    assert told(about, [talk], chinese=True).startswith("11月26日你说：“my dentist is Doctor Huang”。我回答：")
    assert told(about, [], chinese=False) == "I find nothing like that in our earlier conversations."
    assert told(TalkQuestion({}, last=True), [talk, talk], chinese=False).startswith("You said on Thursday")
