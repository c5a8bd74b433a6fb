"""Check digits, prefixes and dates tell real numbers from others that look alike."""

from __future__ import annotations

import pytest

from voice.safety.check_digits import address, card_lengths, iban_length, is_card, is_iban, is_identity_card, luhn


@pytest.mark.parametrize("digits", ["4111111111111111", "5555555555554444", "378282246310005", "6222021234567894"])
def test_a_bank_card_has_a_networks_prefix_its_length_and_its_check_digit(digits: str) -> None:
    assert luhn(digits)
    assert is_card(digits)
    for other in "0123456789".replace(digits[-1], ""):
        assert not is_card(digits[:-1] + other)
    assert not is_card(digits + "0")
    assert len(digits) in card_lengths(digits[:4])


def test_digits_that_no_network_gives_out_are_no_card() -> None:
    assert luhn("1234567812345670")
    assert not is_card("1234567812345670")
    assert card_lengths("1234") == frozenset()


@pytest.mark.parametrize(
    ("number", "real"),
    [
        ("11010519491231002X", True),
        ("110105194912310021", False),  # check character
        ("99010519491231002X", False),  # province
        ("11010519491331002X", False),  # month
        ("1101051949123100", False),
    ],
)
def test_an_identity_number_has_a_province_a_birthday_and_a_check_character(number: str, real: bool) -> None:
    assert is_identity_card(number) is real


def test_an_iban_has_its_countrys_length_and_its_check_digits() -> None:
    assert is_iban("GB82WEST12345698765432")
    assert not is_iban("GB83WEST12345698765432")
    assert not is_iban("GB82WEST1234569876543")
    assert (iban_length("GB"), iban_length("US")) == (22, None)


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("256.1.1.1", None),
        ("127.0.0.1", None),
        ("0.0.0.0", None),
        ("255.255.255.255", None),
        ("12:30:45", None),
    ],
)
def test_an_address_has_one_spelling_and_is_of_somebodys_machine(text: str, one: str | None) -> None:
    assert address(text) == one
