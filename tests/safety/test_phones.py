"""Which digits are somebody's telephone number."""

from __future__ import annotations

import pytest

from voice.safety.phone_and_card_numbers import chinese_mobile, telephone

REGIONS = ("CN", "US", "GB")


@pytest.mark.parametrize("digits", ["13800138000", "8613800138000", "008613800138000"])
def test_a_chinese_mobile_number_with_and_without_its_country(digits: str) -> None:
    assert chinese_mobile(digits) == "+8613800138000"


@pytest.mark.parametrize("digits", ["12800138000", "1380013800", "138001380000", "14200138000"])
def test_a_range_nobody_gives_out_is_none(digits: str) -> None:
    assert chinese_mobile(digits) is None


def test_without_a_country_code_the_words_before_or_the_grouping_must_tell() -> None:
    assert telephone("2125550123", [10], REGIONS, plus=False, named=False) is None
    assert telephone("2125550123", [10], REGIONS, plus=False, named=True) == "+12125550123"
    assert telephone("2125550123", [3, 3, 4], REGIONS, plus=False, named=False) == "+12125550123"
    assert telephone("2125550123", [5, 5], REGIONS, plus=False, named=False) is None
    assert telephone("2125550123", [3, 3, 4], ("CN",), plus=False, named=False) is None


def test_with_a_country_code_it_is_anybodys() -> None:
    assert telephone("442079460958", [12], (), plus=True, named=False) == "+442079460958"
    assert telephone("00442079460958", [4, 2, 8], (), plus=False, named=False) == "+442079460958"
    assert telephone("999999999999", [12], (), plus=True, named=False) is None
    assert telephone("123456", [6], REGIONS, plus=False, named=True) is None
