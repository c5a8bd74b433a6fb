"""The last line, as wide as the terminal and no wider."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from voice.cli.terminal.footer import footer

WORDS = st.lists(st.sampled_from(["muted", "reconnecting", "say “hey jarvis”", "静音", "m mute", "q quit"]), max_size=5)


@given(st.integers(4, 120), WORDS, WORDS, st.sampled_from(["", "whisper tiny.en · piper joe", "模型"]))
def test_it_fits(width: int, state: list[str], keys: list[str], engines: str) -> None:
    assert cell_len("".join(footer(width, state, keys, engines))) <= width


def test_keys_give_way_to_the_state_and_engines_to_both() -> None:
    assert footer(40, ["muted"], ["m unmute", "q quit"], "whisper tiny.en · piper joe") == (
        " muted",
        "  m unmute · q quit",
        " " * 15,
    )
    assert footer(20, ["muted"], ["m unmute", "q quit"], "")[1] == "  m unmute"
    assert "".join(footer(40, [], ["q quit"], "piper joe")) == f" q quit{' ' * 23}piper joe "
