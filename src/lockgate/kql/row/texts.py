"""``has``, ``contains``, ``startswith`` and their kin, ``=~``, ``like`` and ``matches regex``, on texts.

Case counts only with ``_cs``. A term is a run of letters and digits: ``has`` finds its words where they neither begin
nor end within a longer term.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from lockgate.kql.patterns import compiled, matches, quote
from lockgate.kql.text import clean, lowered

Test = Callable[[str, str], bool]


def has(text: str, words: str) -> bool:
    """Whether the words stand in the text as whole terms."""
    return _bounded(text, words, True, True)


def _prefix(text: str, words: str) -> bool:
    return _bounded(text, words, True, False)


def _suffix(text: str, words: str) -> bool:
    return _bounded(text, words, False, True)


def _bounded(text: str, words: str, before: bool, after: bool) -> bool:
    if not words:
        return True
    before, after = before and words[0].isalnum(), after and words[-1].isalnum()
    length, at = len(words), text.find(words)
    while at >= 0:
        end = at + length
        if not (before and at and text[at - 1].isalnum()) and not (after and end < len(text) and text[end].isalnum()):
            return True
        at = text.find(words, at + 1)
    return False


@lru_cache(maxsize=256)
def _wildcards(pattern: str) -> str:
    parts = (".*" if one in "%*" else "." if one in "_?" else quote(one) for one in pattern)
    return f"(?s)^(?:{''.join(parts)})$"


def _like(text: str, pattern: str) -> bool:
    return matches(_wildcards(pattern), text)


def _any_case(test: Test) -> Test:
    return lambda text, words: test(lowered(text), lowered(words))


_EXACT: dict[str, Test] = {
    "has": has,
    "hasprefix": _prefix,
    "hassuffix": _suffix,
    "contains": lambda text, words: words in text,
    "startswith": lambda text, words: text.startswith(words),
    "endswith": lambda text, words: text.endswith(words),
    "like": _like,
}


def prepared(sign: str, words: str) -> Callable[[str], bool] | None:
    """What a sign says of a text and the same words each time: their case is folded, their pattern read once."""
    opposite = sign not in TESTS
    base = "=~" if sign == "!~" else sign.removeprefix("!").removeprefix("not") if opposite else sign
    if base not in TESTS:
        return None
    name = {"=~": "=~", ":": "has"}.get(base, base)
    run: Callable[[str], bool]
    if name in _EXACT:
        exact, lower = _EXACT[name], lowered(words)
        run = lambda text: exact(lowered(text), lower)  # noqa: E731
        if name == "contains":
            run = lambda text: lower in lowered(text)  # noqa: E731
    elif name == "=~":
        lower = lowered(words)
        run = lambda text: lowered(text) == lower  # noqa: E731
    elif name == "matches regex":
        search = compiled(words).search
        run = lambda text: search(clean(text)) is not None  # noqa: E731
    else:
        test = TESTS[name]
        run = lambda text: test(text, words)  # noqa: E731
    return (lambda text: not run(text)) if opposite else run


def _tests() -> dict[str, Test]:
    found: dict[str, Test] = {
        "=~": lambda text, words: lowered(text) == lowered(words),
        "matches regex": lambda text, pattern: matches(pattern, text),
        ":": _any_case(has),
        "likecs": _like,
        "containscs": _EXACT["contains"],
    }
    for name, test in _EXACT.items():
        found[name] = _any_case(test)
        found[f"{name}_cs"] = test
    return found


TESTS = _tests()
"""By sign. Those with ``!`` or ``not`` before say the opposite."""


def test_of(sign: str) -> Test | None:
    """What a sign says of two texts, or ``None`` when it is none of these."""
    known = TESTS.get(sign)
    if known is not None:
        return known
    opposite = TESTS.get("=~" if sign == "!~" else sign.removeprefix("!").removeprefix("not"))
    return (lambda text, words: not opposite(text, words)) if opposite is not None else None
