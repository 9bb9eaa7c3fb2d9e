"""Checks the ``logic`` of secret rules: known keys, right shapes, patterns that RE2 compiles.

A rule finds its secrets in one of three ways: by ``pattern`` (a shape in any text), by ``file`` (a kind of credential
that the readers in ``formats.credentials`` give), by ``heuristic`` (a judge of the second tier: password, url). How a
rule is put to text does not belong here.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.rules._yaml import Node

SECRET_KEYS = (
    "pattern", "keywords", "entropy", "allow", "allow_line", "path", "exclude_path", "checksum", "context", "tier",
    "file", "heuristic",
)  # fmt: skip
_WAYS = ("pattern", "file", "heuristic")
_HEURISTICS = ("password", "url")
_WORD = lazy_pattern(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_NEEDS_PATTERN = ("keywords", "entropy", "checksum", "context")
Refusal = Callable[[Node, str, str], ConfigurationError]


def check_secret_logic(logic: Mapping[str, Node], refuse: Refusal) -> None:
    """Raises what ``refuse`` makes of the first thing that is wrong."""
    for key, node in logic.items():
        if key not in SECRET_KEYS:
            close = difflib.get_close_matches(key, SECRET_KEYS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(SECRET_KEYS)}"
            raise refuse(node, f"unknown key {key!r} in the logic of a secret rule", hint)
        _CHECKS[key](key, node, refuse)
    first = next(iter(logic.values()))
    ways = [way for way in _WAYS if way in logic]
    if len(ways) != 1:
        raise refuse(first, f"the logic names {len(ways)} ways to find a secret", f"give one of {', '.join(_WAYS)}")
    for key in _NEEDS_PATTERN:
        if key in logic and "pattern" not in logic:
            raise refuse(logic[key], f"{key!r} has no meaning without 'pattern'", "remove it")


def _check_pattern(key: str, node: Node, refuse: Refusal) -> None:
    import re2  # only a cold load pays for the import

    if not isinstance(node.value, str) or not node.value:
        raise refuse(node, f"{key!r} must be a regular expression", "put it in quotes")
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(node.value, options)  # type: ignore[no-untyped-call]
    except re2.error as error:
        problem = error.args[0] if error.args else "unknown reason"
        problem = problem.decode("utf-8", "replace") if isinstance(problem, bytes) else str(problem)
        raise refuse(node, f"RE2 refuses {key!r}: {problem}", "RE2 has no look-around and no references") from None
    if compiled.search("") is not None:
        raise refuse(node, f"{key!r} matches the empty text", "anchor it or demand a character")


def _check_patterns(key: str, node: Node, refuse: Refusal) -> None:
    for item in _items(key, node, refuse):
        _check_pattern(key, item, refuse)


def _check_words(key: str, node: Node, refuse: Refusal) -> None:
    for item in _items(key, node, refuse):
        if not isinstance(item.value, str) or not item.value or item.value != item.value.lower():
            raise refuse(item, f"{item.value!r} does not fit {key!r}", "each of them is lower-case text")


def _check_entropy(key: str, node: Node, refuse: Refusal) -> None:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float) or not 0 < node.value <= 8:
        raise refuse(node, f"{key!r} must be bits per character, above 0 and at most 8", "")


def _check_tier(key: str, node: Node, refuse: Refusal) -> None:
    if type(node.value) is not int or node.value not in (1, 2):
        raise refuse(node, f"{key!r} must be 1 or 2", "2 is the tier of lower confidence")


def _check_heuristic(key: str, node: Node, refuse: Refusal) -> None:
    if node.value not in _HEURISTICS:
        raise refuse(node, f"{node.value!r} does not fit {key!r}", f"known: {', '.join(_HEURISTICS)}")


def _check_word(key: str, node: Node, refuse: Refusal) -> None:
    if not isinstance(node.value, str) or _WORD.match(node.value) is None:
        raise refuse(node, f"{node.value!r} does not fit {key!r}", "lower-case words joined by '-'")


def _items(key: str, node: Node, refuse: Refusal) -> list[Node]:
    if not isinstance(node.value, list) or not node.value:
        raise refuse(node, f"{key!r} must be a list with at least one item", "")
    return node.value


_CHECKS: Mapping[str, Callable[[str, Node, Refusal], None]] = {
    "pattern": _check_pattern,
    "keywords": _check_words,
    "entropy": _check_entropy,
    "allow": _check_patterns,
    "allow_line": _check_patterns,
    "path": _check_pattern,
    "exclude_path": _check_pattern,
    "checksum": _check_word,
    "context": _check_words,
    "tier": _check_tier,
    "file": _check_word,
    "heuristic": _check_heuristic,
}
