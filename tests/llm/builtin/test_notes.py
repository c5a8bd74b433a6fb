"""Notes answer what they cover, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice.errors import MissingError
from voice.llm.builtin.notes import Knowledge, notes_of, terms_text
from voice.text.speakable import language_of

SHIPPED = Path(__file__).parents[3] / "voice" / "demo" / "knowledge"


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge(SHIPPED)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("how far is the moon", "384,400"),
        ("What is the distance to the Moon?", "384,400"),
        ("how far away is the sun", "150 million"),
        ("how many planets are there", "eight planets"),
        ("what's the biggest planet", "Jupiter"),
        ("at what temperature does water boil", "100 degrees"),
        ("why is the sky blue", "scatters blue"),
        ("how tall is mount everest", "8,849"),
        ("are you recording me", "stays on this machine"),
        ("does the product keep my voice private", "stays on this machine"),
        ("can i interrupt you", "Just speak"),
        ("月亮离地球有多远？", "384400公里"),
        ("月亮離地球有多遠", "384400公里"),
        ("水多少度烧开", "100摄氏度"),
        ("太阳系有几颗行星", "八颗"),
        ("天空为什么是蓝的", "蓝光"),
    ],
)
def test_covered(knowledge: Knowledge, question: str, part: str) -> None:
    answer = knowledge.answer(question)
    assert answer is not None and part in answer


@pytest.mark.parametrize(
    "question",
    ["what is the capital of france", "who is the president of mars", "how hot is the moon", "what is that in words",
     "is it",
     "how do I bake bread", "法国的首都是哪里", "谁是总统", "", "'\"*) OR zebra", "moon" * 50],
)  # fmt: skip
def test_refused(knowledge: Knowledge, question: str) -> None:
    assert knowledge.answer(question) is None


def test_shipped_answers_are_short(knowledge: Knowledge) -> None:
    for path in SHIPPED.glob("*.md"):
        for note in notes_of(path.read_text(encoding="utf-8")):
            answer = knowledge.answer(note.title.split("?")[0].split("？")[0])
            assert answer is not None, note.title
            assert len(answer.split()) <= 25 and (language_of(answer) != "zh" or len(answer) <= 50)


def test_notes_are_paragraphs_with_their_headings() -> None:
    notes = notes_of("# A\n\nOne\ntwo.\n\n## B\nThree.\n\n```\ncode\n```\n\n| t |\n|---|\n\n# C\n\nFour.")
    assert [(note.title, note.text) for note in notes] == [("A", "One two."), ("A B", "Three."), ("C", "Four.")]


def test_chinese_is_indexed_in_pairs() -> None:
    assert terms_text("月亮远 ok 水") == "月亮 亮远 ok 水"


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "house.md").write_text(
        "The boiler was serviced in May. Call 555 if it fails.\n", encoding="utf-8"
    )
    knowledge = Knowledge(tmp_path)
    assert len(knowledge) == 1
    assert knowledge.answer("when was the boiler serviced") == "The boiler was serviced in May. Call 555 if it fails."
    knowledge.close()


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such folder"):
        Knowledge(tmp_path / "none")
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(MissingError, match=r"bad\.md"):
        Knowledge(tmp_path)
