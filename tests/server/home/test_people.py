"""Links of a household: each opens one person's page, and none once it is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice.errors import ConfigError, UsageError
from voice.server.home.people import People, cookie_of


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path / "home" / "people.json")


def test_a_link_opens_its_persons_page_until_it_is_taken_back_or_replaced(people: People) -> None:
    ada, bob = people.add("Ada"), people.add("小波")
    assert (people.by_link(ada), people.by_link(bob)) == ("Ada", "小波")
    assert people.by_cookie(cookie_of(ada)) == "Ada"
    assert people.by_cookie(ada) is people.by_link(cookie_of(ada)) is people.by_link("") is None
    assert people.names() == ["Ada", "小波"]
    people.add("Ada")
    people.revoke("小波")
    assert people.by_link(ada) is people.by_cookie(cookie_of(ada)) is people.by_link(bob) is None
    assert people.names() == ["Ada"]


def test_another_process_is_noticed_and_nothing_secret_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    one, other = People(file), People(file)
    secret = one.add("Ada")
    assert other.by_link(secret) == "Ada"
    assert secret not in file.read_text() and cookie_of(secret) not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    one.revoke("Ada")
    assert other.by_link(secret) is None


def test_what_cannot_be_is_refused_in_one_line(people: People, tmp_path: Path) -> None:
    for name in ("", " ", "../x", "a/b", "x" * 41, "a\nb"):
        with pytest.raises(UsageError, match="not a name"):
            people.add(name)
    with pytest.raises(UsageError, match=r"no link of this name.*voice home link add"):
        people.revoke("Ada")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "people.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        people.names()
