"""A rules file in YAML: read, checked, each fault said in one line with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from voice.errors import ConfigError, MissingError
from voice.paths import PACKAGE
from voice.safety.rule_language import PatternError, Rule
from voice.safety.rules import Rules

SHIPPED = PACKAGE / "safety" / "rules.yaml"
KEYS = ("variants", "lists", "categories")
PARTS = {"match": False, "unless": True}


def load(path: Path | None = None, *, without: frozenset[str] = frozenset()) -> Rules:
    """The rules of the file, the shipped one by default, less some categories. Raises MissingError or ConfigError."""
    import yaml

    path = path or SHIPPED
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise MissingError(f"cannot be read: {error.strerror}", where=f"safety.rules: {path}") from error
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8", where=str(path), expected="a text file in UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"invalid YAML: {error.problem}", where=f"{path}:{line}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"invalid YAML: {error}", where=str(path)) from error
    return _Checked(path).file(node, without)


class _Checked:
    """Takes the file's nodes apart, which know their lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def file(self, node: Any, without: frozenset[str]) -> Rules:
        variants: dict[str, str] = {}
        lists: dict[str, str] = {}
        rules: list[Rule] = []
        for key, value in self._mapping(node, "the file", KEYS):
            if key.value == "variants":
                for pair in self._string(value, "variants").split():
                    if len(pair) != 2:
                        raise self._fault(
                            value, "variants", f"`{pair}` is not a pair", "two characters, the second as rules write it"
                        )
                    variants[pair[0]] = pair[1]
            elif key.value == "lists":
                for name, words in self._mapping(value, "lists"):
                    lists[name.value] = self._string(words, f"lists.{name.value}")
            else:
                rules += [
                    rule for name, parts in self._mapping(value, "categories") for rule in self._rules(name, parts)
                ]
        if not rules:
            raise ConfigError("no rules", where=str(self._path), expected="categories with `match`")
        try:
            return Rules([rule for rule in rules if rule.category not in without], lists, variants)
        except PatternError as error:
            rule = error.rule
            assert rule is not None
            part = "unless" if rule.exception else "match"
            where = f"{rule.where}: categories.{rule.category}.{part}"
            raise ConfigError(f"`{rule.pattern}`: {error}", where=where) from error

    def _rules(self, name: Any, parts: Any) -> Iterator[Rule]:
        where = f"categories.{name.value}"
        for part, patterns in self._mapping(parts, where, PARTS):
            for pattern in self._strings(patterns, f"{where}.{part.value}"):
                line = f"{self._path}:{pattern.start_mark.line + 1}"
                yield Rule(name.value, pattern.value, PARTS[part.value], line)

    def _mapping(self, node: Any, where: str, keys: Iterable[str] | None = None) -> list[tuple[Any, Any]]:
        if node is None or node.id != "mapping":
            raise self._fault(
                node, where, "not a mapping", "a mapping of keys to values" if keys is None else _either(keys)
            )
        seen: set[str] = set()
        for key, _ in node.value:
            if key.id != "scalar" or (keys is not None and key.value not in keys):
                raise self._fault(key, where, f"unknown key `{key.value}`", _either(keys or ()))
            if key.value in seen:
                raise self._fault(key, where, f"duplicate key `{key.value}`", "each key once")
            seen.add(key.value)
        pairs: list[tuple[Any, Any]] = node.value
        return pairs

    def _strings(self, node: Any, where: str) -> list[Any]:
        if node.id != "sequence":
            raise self._fault(node, where, "not a list", "lines that begin with `- `")
        for item in node.value:
            self._string(item, where)
        items: list[Any] = node.value
        return items

    def _string(self, node: Any, where: str) -> str:
        if node.id != "scalar" or not node.value.strip():
            raise self._fault(node, where, "not a text", "text, quoted if it contains YAML syntax")
        text: str = node.value
        return text

    def _fault(self, node: Any, where: str, what: str, expected: str) -> ConfigError:
        line = node.start_mark.line + 1 if node is not None else 1
        return ConfigError(what, where=f"{self._path}:{line}: {where}", expected=expected)


def _either(keys: Iterable[str]) -> str:
    return f"one of: {', '.join(keys)}"
