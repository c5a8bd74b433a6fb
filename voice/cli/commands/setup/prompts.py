"""How questions are put: by keys in a terminal, or not at all, with the first answer taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import click

T = TypeVar("T")


class Prompts(Protocol):
    """Puts questions to a person, where `attended`. Each raises KeyboardInterrupt where they leave."""

    attended: bool

    def say(self, text: str) -> None:
        """Show a line."""
        ...

    def choose(self, question: str, answers: Sequence[tuple[T, str]]) -> T:
        """One of the answers, each with its words; the first is what Enter takes."""
        ...

    def line(self, question: str, default: str = "") -> str:
        """A line of text, `default` for an empty one."""
        ...

    def secret(self, question: str) -> str:
        """A line that is not shown."""
        ...


class KeyPrompts:
    """Arrow keys, numbers and Enter in a terminal, also over SSH."""

    attended = True

    def say(self, text: str) -> None:
        click.echo(text)

    def choose(self, question: str, answers: Sequence[tuple[T, str]]) -> T:
        from prompt_toolkit.shortcuts import choice

        chosen: T = choice(message=question, options=list(answers))
        return chosen

    def line(self, question: str, default: str = "") -> str:
        return self._prompt(question, default) or default

    def secret(self, question: str) -> str:
        return self._prompt(question, "", hidden=True)

    def _prompt(self, question: str, default: str, *, hidden: bool = False) -> str:
        from prompt_toolkit import prompt

        shown = f"{question} [{default}]: " if default else f"{question}: "
        try:
            return prompt(shown, is_password=hidden).strip()
        except EOFError:  # Ctrl-D
            raise KeyboardInterrupt from None


class RecommendedAnswers:
    """Takes what Enter would take, and shows it: `voice setup --yes`."""

    attended = False

    def say(self, text: str) -> None:
        click.echo(text)

    def choose(self, question: str, answers: Sequence[tuple[T, str]]) -> T:
        click.echo(f"{question} {answers[0][1]}")
        return answers[0][0]

    def line(self, question: str, default: str = "") -> str:
        return default

    def secret(self, question: str) -> str:
        return ""
