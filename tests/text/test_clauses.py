"""Clauses leave early, cover the reply, and do not depend on how it was divided into deltas."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voice.text.boundaries import LONGEST
from voice.text.clauses import Clause, ClauseSplitter, WordPlaces
from voice.text.speakable import spoken

PIECES = [
    "Well", "the moon", " is ", "3.14", "1,000", "10:30", "Dr. ", "e.g. ", "U.S. ",
    "No. ", "p.m. ", " etc. ", ". ", ", ", "... ", "?", "!", ": ", " - ", " – ", "—",
    "\n", "\n\n", "\n- ", "\n1. ", "# ", "**", "*", "_", "`", "```", "\n```\n", "~~~",
    "[a. b](http://x.y/z)", "[", "](", ")", "\"", "”", "’", "| a | b |\n", "|---|---|\n",
    "https://a.b/c.d?e=1,2 ", "joe@example.com", "👍🏽", "👩‍👩‍👧", "🇩🇪", "1️⃣", "é", "你好",
    "世界上", "，", "。", "！", "？", "；", "：", "、", "……", "“", "」", "10：30", " ", "\t",
    "x" * 70, "字" * 90, "50%", "°C", "&", "\r\n",
]  # fmt: skip

replies = st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(max_size=80))


def split(reply: str, lengths: list[int] | None = None) -> list[Clause]:
    splitter = ClauseSplitter()
    clauses: list[Clause] = []
    rest = reply
    for length in lengths or [1] * len(reply):
        clauses += splitter.feed(rest[:length], 0.0)
        rest = rest[length:]
    clauses += splitter.feed(rest, 0.0)
    return clauses + splitter.finish(0.0)


def texts(reply: str) -> list[str]:
    return [clause.text for clause in split(reply)]


@settings(max_examples=300, deadline=None)
@given(replies, st.lists(st.integers(1, 30), max_size=30))
@example("Hi! \n", [2])
@example("`a" * 80, [3])
def test_any_division_gives_the_same_clauses_and_they_cover_the_reply(reply: str, lengths: list[int]) -> None:
    clauses = split(reply, lengths)
    assert clauses == split(reply) == split(reply, [len(reply)])
    at = 0
    for clause in clauses:
        assert clause.start == at < clause.end
        at = clause.end
    assert at == len(reply)
    assert all(clause.text for clause in clauses[:-1])


@settings(max_examples=200, deadline=None)
@given(replies, st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=40))
def test_stalls_keep_the_cover_and_say_nothing_twice(reply: str, steps: list[tuple[int, bool]]) -> None:
    splitter, clauses, rest, now = ClauseSplitter(), [], reply, 0.0
    for length, stalls in steps:
        clauses += splitter.feed(rest[:length], now)
        rest = rest[length:]
        due = splitter.due()
        if stalls and due is not None:
            assert splitter.tick(due - 0.001) == []
            now = due
            left = splitter.tick(now)
            assert left or splitter.due() is None
            clauses += left
    clauses += splitter.feed(rest, now)
    clauses += splitter.finish(now)
    assert splitter.finish(now) == []
    assert "".join(reply[clause.start : clause.end] for clause in clauses) == reply


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab 字。,，"), min_size=300, max_size=900))
def test_no_clause_is_endless(reply: str) -> None:
    assert all(clause.end - clause.start <= LONGEST + 2 for clause in split(reply) if clause.text)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("In that case, I think so.", ["In that case,", "I think so."]),
        ("Well, I think so, yes. Good, really.", ["Well, I think so,", "yes.", "Good, really."]),
        ("It is 3.14, or 1,000 at 10:30. Ok.",
         ["It is three point one four,", "or one thousand at ten thirty.", "Ok."]),
        ("Dr. Smith, e.g. in the U.S. Army. So.", ["Doctor Smith, for example in the U S Army.", "So."]),
        ("No. 5 is it. No. I won't.", ["number five is it.", "No.", "I won't."]),
        ("It's 5 p.m. Then we go at 6 p.m. to town.", ["It's five PM.", "Then we go at six PM to town."]),
        ('He said "Really?" and left. "Yes." (Fine.) Ok.',
         ['He said "Really?" and left.', '"Yes."', "(Fine.)", "Ok."]),
        ("See https://a.b/c.d?x=1,2. Ok", ["See link to a.b.", "Ok"]),
        ("Wait... what? Well... Yes.", ["Wait, what?", "Well.", "Yes."]),
        ("Steps for the tea:\n\n1. Boil it.\n2. Pour. Wait\n- drink",
         ["Steps for the tea:", "one, Boil it.", "two, Pour.", "Wait", "drink"]),
        ("# Title\ntext wrapped\nhere. End", ["Title", "text wrapped here.", "End"]),
        ("Code:\n```py\nprint('a. b')\n\nx\n```\nDone.", ["Code:", "The code is in the text.", "Done."]),
        ("Use `a. b, c` or [the. docs](http://x.y/z). Bye", ["Use a. b, c or the. docs.", "Bye"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\nEnd", ["a, b", "one, two", "End"]),
        ("**Bold text. More** here.", ["Bold text.", "More here."]),
        ("Great! 😊 Let's go 👍🏽", ["Great!", "Let's go"]),
        ("From 5 – 10 is a range – right?", ["From five to ten is a range –", "right?"]),
        ("I like this - a lot.", ["I like this -", "a lot."]),
        ("好的，没问题。“是的。”他说：10：30见。", ["好的，没问题。", "“是的。”", "他说：十点三十分见。"]),
        ("当然可以，我来帮你。The answer is 5.然后呢？",
         ["当然可以，", "我来帮你。", "The answer is five.", "然后呢？"]),
        ("Hi", ["Hi"]),
        ("😊", [""]),
        ("", []),
    ],
)  # fmt: skip
def test_cuts(reply: str, expected: list[str]) -> None:
    assert [text for text in texts(reply) if text or len(expected) == 1] == expected


def test_the_first_clause_leaves_with_the_token_after_its_comma() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("In that case,", 0.0) == []
    assert splitter.feed(" I", 0.0) == [Clause("In that case,", 0, 13)]
    assert splitter.feed(" think, honestly, so", 0.0) == []


def test_a_chinese_first_clause_leaves_after_four_characters() -> None:
    splitter = ClauseSplitter()
    assert [clause.text for clause in splitter.feed("当然可以，", 0.0)] == ["当然可以，"]
    assert splitter.feed("我来帮你。", 0.0) == []


@pytest.mark.parametrize(("begun", "rest", "first"), [
    ("好。", "", "好。"),
    ("好！", "！明天见。", "好！"),
    ("“好。", "”他说。", "“好。”"),
    ("**好。", "**明天见。", "好。"),
    ("有3，", "000个。", "有三千个。"),
])  # fmt: skip
def test_a_chinese_mark_ends_the_first_clause_at_once_unless_what_is_open_may_close(
    begun: str, rest: str, first: str
) -> None:
    splitter = ClauseSplitter()
    early = splitter.feed(begun, 0.0)
    assert [clause.text for clause in early] == ([first] if first == begun[: len(first)] else [])
    clauses = early + splitter.feed(rest, 0.0) + splitter.finish(0.0)
    assert clauses[0].text == first
    assert clauses == split(begun + rest)


def test_a_stall_lets_a_few_words_go_but_not_the_last() -> None:
    splitter = ClauseSplitter(stall_s=0.2)
    splitter.feed("I think the", 1.0)
    assert splitter.due() is None
    splitter.feed(" ans", 2.0)
    assert splitter.due() == 2.2
    assert splitter.tick(2.1) == []
    assert splitter.tick(2.2) == [Clause("I think the", 0, 11)]
    assert splitter.due() is None
    assert splitter.feed("wer is yes. ", 3.0) == [Clause("answer is yes.", 11, 26)]


@pytest.mark.parametrize(
    ("reply", "leaves"), [("It is done.", True), ("It is 3.", False), ("Ask Dr.", False), ("好。", True)]
)
def test_a_stall_lets_a_whole_sentence_go(reply: str, leaves: bool) -> None:
    splitter = ClauseSplitter()
    splitter.feed("Hello there. ", 0.0)
    splitter.feed(reply, 0.0)
    assert [clause.text for clause in splitter.tick(1.0)] == ([reply] if leaves else [])


def test_numbers_alone_are_read_in_the_language_before_them() -> None:
    assert texts("湿度是多少？50%。") == ["湿度是多少？", "百分之五十。"]


@pytest.mark.parametrize(
    ("reply", "word", "begins"),
    [
        ("First. **It** is 50% of [the docs](http://a.b), ok.", "docs", "docs]"),
        ("First. **It** is 50% of [the docs](http://a.b), ok.", "ok", "ok."),
        ("First. **It** is 50% of [the docs](http://a.b), ok.", "is", "is 50"),
        ("First. 😊 It is 20°C & wet.", "wet", "wet."),
        ("好的。**今天**20°C，很好。", "很好", "很好。"),
    ],
)
def test_a_word_is_found_again_in_the_reply(reply: str, word: str, begins: str) -> None:
    clause = split(reply)[1]
    assert clause.offset(clause.text.index(word)) == reply.index(begins)


@settings(max_examples=60, deadline=None)
@given(replies)
def test_offsets_never_go_back_and_stay_within_their_clause(reply: str) -> None:
    for clause in split(reply):
        offsets = [clause.offset(char) for char in range(len(clause.text) + 1)]
        assert offsets == sorted(offsets)
        assert offsets[0] == clause.start
        assert offsets[-1] == (clause.end if clause.text else clause.start)


def test_a_clause_made_by_hand_maps_by_share() -> None:
    clause = Clause("abcd", 10, 18)
    assert [clause.offset(char) for char in (0, 2, 4)] == [10, 14, 18]


def test_a_voice_of_another_language_reads_its_own_symbols() -> None:
    splitter = ClauseSplitter(language="de")
    assert [clause.text for clause in splitter.feed("Es sind 50 % & mehr. ", 0.0)] == ["Es sind 50 % & mehr."]


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("[Blocked]", "en", ["Sorry, I would rather not talk about that."]),
        ("[Blocked]", "zh", ["抱歉，这个话题我不方便聊。"]),
        ("[Blocked]", "de", ["Entschuldigung, darüber möchte ich lieber nicht sprechen."]),
        ("Sure. [Blocked]", "en", ["Sure.", "Sorry, I would rather not talk about that."]),
        ("好的。[Blocked]", "en", ["好的。", "抱歉，这个话题我不方便聊。"]),
    ],
)
def test_what_was_blocked_is_said_politely(text: str, language: str, said: list[str]) -> None:
    splitter = ClauseSplitter(language=language)
    clauses = [*splitter.feed(text, 0.0), *splitter.finish(0.0)]
    assert [clause.text for clause in clauses] == said
    assert clauses[-1].end == len(text)


@pytest.mark.parametrize(
    ("reply", "kept"),
    [("One is here. Two is he", "One is here."), ("One is here.", "One is here."), ("One is", "One is"), ("", "")],
)
def test_a_reply_that_was_cut_off_ends_with_its_last_whole_clause(reply: str, kept: str) -> None:
    splitter = ClauseSplitter()
    clauses = [*splitter.feed(reply, 0.0), *splitter.finish_cut(0.0)]
    assert reply[: splitter.start].strip() == kept
    assert "".join(clause.text for clause in clauses).strip() == kept


# What was heard of a spoken text maps to whole words of the written one, whatever was spoken for them.


def heard(written: str, said: str) -> str:
    """The written text up to where `said` ends in what is spoken for it."""
    words = spoken(written)
    assert words.startswith(said)
    return written[: WordPlaces(written, words).place(len(said))]


@pytest.mark.parametrize(
    ("written", "said", "shown"),
    [
        ("It costs $3.50 now.", "It costs ", "It costs "),
        ("It costs $3.50 now.", "It costs three dollars ", "It costs"),
        ("It costs $3.50 now.", "It costs three dollars fifty ", "It costs $3.50 "),
        ("From 9:05 to 10:30 daily.", "From nine oh five to ", "From 9:05 to "),
        ("Mr. Smith met Dr. Jones today.", "Mister Smith met Doctor ", "Mr. Smith met Dr. "),
        ("Take 3-5 km and 20% of it.", "Take three to five kilometers and ", "Take 3-5 km and "),
        ("今天20°C，湿度50%。", "今天二十", "今天"),
        ("今天20°C，湿度50%。", "今天二十摄氏度，", "今天20°C，"),
        ("今天20°C，湿度50%。", "今天二十摄氏度，湿度", "今天20°C，湿度"),
        ("**Bold** words", "Bold ", "**Bold** "),
    ],
)
def test_a_written_number_counts_once_it_has_been_spoken_whole(written: str, said: str, shown: str) -> None:
    assert heard(written, said).rstrip() == shown.rstrip()


WRITTEN = ("It costs", "$10-20", "or", "€1,299.99", "at 9:05", "Mr. Smith", "今天",
         "3-5天", "第2名", "**yes**", ",", "。", "2^10",
         "World War II", "and", "555-0123", "😊", "well...")  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=12))
def test_places_go_forward_and_stay_inside(parts: list[str]) -> None:
    written = " ".join(parts)
    words = spoken(written)
    places = WordPlaces(written, words)
    found = [places.place(char) for char in range(-1, len(words) + 2)]
    assert found == sorted(found)
    assert found[0] >= 0 and found[-1] == len(written)


@settings(deadline=None)
@given(st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=12))
def test_clauses_still_cover_a_reply_without_a_gap(parts: list[str]) -> None:
    written, splitter = " ".join(parts), ClauseSplitter()
    clauses: list[Clause] = [*splitter.feed(written, 0.0), *splitter.finish(0.0)]
    assert [clause.start for clause in clauses[1:]] == [clause.end for clause in clauses[:-1]]
    assert clauses[-1].end == len(written)
    for clause in filter(lambda clause: clause.text, clauses):
        offsets = [clause.offset(char) for char in range(len(clause.text) + 1)]
        assert offsets == sorted(offsets) and clause.start <= offsets[0] <= offsets[-1] == clause.end
