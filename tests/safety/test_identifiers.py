"""What counts as a private number or address, and what only looks like one."""

from __future__ import annotations

import random

import pytest

from voice.safety.redactor import Finder, Redactor

FINDER = Finder()


def found(text: str, finder: Finder = FINDER) -> list[tuple[str, str]]:
    redactor = Redactor(finder, lambda kind, value, written: "")
    redactor.feed(text)
    redactor.flush()
    return [(span.kind, span.value) for span in redactor.spans]


MOBILE = [("PHONE", "+8613800138000")]


@pytest.mark.parametrize(
    "text",
    [
        "13800138000", "138 0013 8000", "138-0013-8000", "138.0013.8000", "+86 138 0013 8000", "+86-138-0013-8000",
        "0086 13800138000", "(+86) 138 0013 8000", "86 13800138000", "１３８００１３８０００",
        "138\u00a00013\u00a08000",
        "138‑0013‑8000", "1 3 8 0 0 1 3 8 0 0 0", "one three eight zero zero one three eight zero zero zero",
        "one three eight double oh one three eight triple zero", "One Three Eight, zero zero one three, eight triple 0",
        "one three eight um zero zero one three eight zero zero zero", "plus eight six 138 0013 8000",
        "一三八零零一三八零零零", "幺三八〇〇幺三八〇〇〇", "一三八，零零一三，八零零零", "一三八嗯零零一三八零零零",
        "电话13800138000吗", "'13800138000'", "tel:13800138000",
    ],
)  # fmt: skip
def test_every_spelling_of_a_mobile_number_is_the_same_number(text: str) -> None:
    assert found(text) == MOBILE


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("11010519491231002X", "ID", "11010519491231002X"),
        ("110105 1949 1231 002x", "ID", "11010519491231002X"),
        ("一一零一零五一九四九一二三一零零二X", "ID", "11010519491231002X"),
        ("123-45-6789", "ID", "123456789"),
        ("my SSN is 536-90-4399.", "ID", "536904399"),
        ("536 90 4399", "ID", "536904399"),
        ("QQ 12 34 56 C is not one, AB 12 34 56 C is", "ID", "AB123456C"),
        ("ab123456c", "ID", "AB123456C"),
        ("AB-12-34-56-C", "ID", "AB123456C"),
        ("123-456-782", "ID", "123456782"),
        ("390.533.447-05", "ID", "39053344705"),
        ("36 574 261 809", "ID", "36574261809"),
        ("54362315K", "ID", "54362315K"),
        ("54362315-k", "ID", "54362315K"),
        ("X-2482300W", "ID", "X2482300W"),
        ("2 95 10 99 126 111 93", "ID", "295109912611193"),
        ("RCCMNL83S18D969H", "ID", "RCCMNL83S18D969H"),
        ("2341 2341 2346", "ID", "234123412346"),
        ("880320-0016", "ID", "8803200016"),
        ("4111 1111 1111 1111", "CARD", "4111111111111111"),
        ("3782-822463-10005", "CARD", "378282246310005"),
        ("four one one one one one one one one one one one one one one one", "CARD", "4111111111111111"),
        ("Ada.Lovelace+x@Example.co.uk", "EMAIL", "ada.lovelace+x@example.co.uk"),
        ("ada＠example.com", "EMAIL", "ada@example.com"),
        ("email me at ada at example dot com", "EMAIL", "ada@example.com"),
        ("ada underscore l at mail dot example dot org", "EMAIL", "ada_l@mail.example.org"),
        ("邮箱是ada艾特example点com", "EMAIL", "ada@example.com"),
        ("GB82 WEST 1234 5698 7654 32", "IBAN", "GB82WEST12345698765432"),
        ("be68539007547034", "IBAN", "BE68539007547034"),
        ("192.168.1.20", "IP", "192.168.1.20"),
        ("2001:0db8:0000:0000:0000:8a2e:0370:7334", "IP", "2001:db8::8a2e:370:7334"),
        ("+49 30 123456", "PHONE", "+4930123456"),
        ("(212) 555-0123", "PHONE", "+12125550123"),
        ("1-212-555-0123", "PHONE", "+12125550123"),
        ("call 2125550123", "PHONE", "+12125550123"),
        ("010-62345678", "PHONE", "+861062345678"),
    ],
)
def test_other_kinds_are_found_with_their_one_value(text: str, kind: str, value: str) -> None:
    assert found(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021", "4111111111111112", "GB83WEST12345698765432", "256.1.1.1", "1.2.3.4.5", "127.0.0.1",
        "::1",
        "version 1.2.3.4", "12:30:45", "2026-11-22 14:30:00", "3.14159265358979", "1 3 5 7 9 11 13 15", "2125550123",
        "one two three go", "look at example dot com", "it is hosted at example dot org", "me@", "@ada", "a@b",
        "one of us",
        "550e8400-e29b-41d4-a716-446655440000", "<PHONE:12345678>", "138001380001", "x13800138000", "一五一十",
        "二零二六年",
        "000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "123-45-67890", "x123-45-6789",
        "QQ123456C", "GB123456A", "AB123456E", "AB1234567C", "at 12 30 45 a.m.", "123-456-783", "390.533.447-06",
        "54362315A", "X-2482300A", "36 574 261 800", "2 95 10 99 126 111 94", "RCCMNL83S18D969A", "2341 2341 2347",
        "880320-0017", "model 54362315", "room 12 34 56",
        "12800138000", "1,380,013,800.0", "std::vector", "dead:beef", "20261122004711",
    ],
)  # fmt: skip
def test_what_only_looks_private_stays(text: str) -> None:
    assert found(text) == []


def test_regions_decide_whose_numbers_are_known_without_a_country_code() -> None:
    assert found("(212) 555-0123", Finder(("CN",))) == []
    assert found("030 901820", Finder(("DE",))) == [("PHONE", "+4930901820")]


def test_public_numbers_stay_in_every_spelling() -> None:
    finder = Finder(("CN", "US"), ("400-800-1234", "Hello@example.com", "+1 212 555 0123"))
    text = "拨打400 800 1234，hello@example.com 或 call 2125550123"
    assert found(text, finder) == []
    assert found(text + " or 13800138000", finder) == MOBILE


def test_ordinary_words_wait_for_the_next_one_only() -> None:
    text = "Well, the quick brown fox jumps over the lazy dog; isn't that nice? 今天天气不错，我们去公园吧。 "
    redactor = Redactor(FINDER, lambda kind, value, written: "")
    for end in range(1, len(text) + 1):
        redactor.feed(text[end - 1])
        assert len(redactor.held) <= len("jumps o")
        assert text[:end].endswith(redactor.held)


LONG = [
    "1",
    "1 ",
    "21 ",
    "one ",
    "a.",
    "一",
    "a@",
    "de89 ",
    "a dot ",
    "<a",
    "1:",
    "+",
    "(",
    "aa:",
    "double ",
    "1.",
    "a-",
]


@pytest.mark.parametrize("piece", LONG)
def test_endless_runs_are_neither_held_nor_taken_out(piece: str) -> None:
    redactor = Redactor(FINDER, lambda kind, value, written: "")
    count = 0
    for _ in range(40):
        count += len(redactor.feed(piece * 25))
        assert len(redactor.held) <= 700
    count += len(redactor.flush())
    assert count == len(piece) * 1000


def test_random_runs_of_digits_never_hold_much() -> None:
    draw = random.Random(6)
    redactor = Redactor(FINDER, lambda kind, value, written: "x")
    for _ in range(3000):
        redactor.feed("".join(draw.choice("0123456789 -.+()x,:@") for _ in range(draw.randint(1, 6))))
        assert len(redactor.held) <= 300
