"""Texts without which a pattern is found nowhere, and patterns that are nothing but such texts.

``debugpy.*--listen[ =]0[.]0`` needs ``debugpy`` somewhere; ``^docker[.]io/`` is a text that begins with ``docker.io/``,
``(?i):latest$`` one that ends with ``:latest`` in letters of any case, and both need no automaton at all. What is not
plainly seen here is left open: the answer then is RE2's alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_QUANTIFIERS = "*?{"
_SPECIAL = frozenset(".+*?{}()[]|^$\\")
_ESCAPED = frozenset(".+*?{}()[]|^$\\-/")
_CLASSES = frozenset("dDwWsSbBAznrtfva")
"""Escapes of one letter. What others stand for (``\\pN``, ``\\x41``, ``\\123``) is not read here."""
_LONGEST = 500
_FOLDED = "(?i)"


class Needed(NamedTuple):
    """One alternative of a pattern."""

    text: str
    """Stands in every text in which the alternative is found."""
    starts: bool
    """The text must begin with it."""
    ends: bool
    """The text must end with it."""
    whole: bool
    """That it is there is all that the alternative asks."""
    folded: bool = False
    """It is in small letters, and letters of any case are meant."""

    def stands_in(self, text: str) -> bool:
        """Whether ``text``, which is ASCII, has it where it is to stand."""
        if self.folded:
            text = text.lower()
        if self.starts and not text.startswith(self.text):
            return False
        return text.endswith(self.text) if self.ends else self.text in text


def needed(pattern: str) -> tuple[Needed, ...]:
    """For each alternative what it needs. Empty where one of them needs nothing that is seen here.

    The pattern must be one that RE2 reads. Flags but ``(?i)`` at its begin, and empty alternatives, give nothing.
    """
    folded = pattern.startswith(_FOLDED)
    if folded:
        pattern = pattern.removeprefix(_FOLDED)
        if not pattern.isascii():  # some of these are another case of ASCII letters
            return ()
    if len(pattern) > _LONGEST or "(?" in pattern.replace("(?:", "") or not _plainly_escaped(pattern):
        return ()
    found = []
    for branch in _branches(pattern):
        one = _longest(branch)
        if one is None:
            return ()
        found.append(one._replace(text=one.text.lower(), folded=True) if folded else one)
    return tuple(found)


def _plainly_escaped(pattern: str) -> bool:
    at = pattern.find("\\")
    while at >= 0:
        if pattern[at + 1 : at + 2] not in _ESCAPED | _CLASSES:
            return False
        at = pattern.find("\\", at + 2)
    return True


def _branches(pattern: str) -> Iterator[str]:
    """What stands between the ``|`` that are in no brackets."""
    start = at = 0
    while at < len(pattern):
        if pattern[at] == "|":
            yield pattern[start:at]
            start = at + 1
        _, at = _character(pattern, at)
    yield pattern[start:]


def _longest(branch: str) -> Needed | None:
    """The longest text of one alternative that stands in no brackets and is not repeated or left out."""
    starts = branch.startswith("^")
    if starts and branch[1:2] and branch[1] in "*?+{":  # an anchor that is repeated or left out
        return None
    inner = branch[1:] if starts else branch
    ends = _is_closed(inner)
    runs = list(_runs(inner[:-1] if ends else inner))
    best = max(runs, key=lambda run: len(run[1]), default=None)
    if best is None or not best[1]:
        return None
    first, text, all_of_it = best
    # One text at the begin and at the end may be two.
    return Needed(text, starts and first, ends and best is runs[-1], all_of_it and not (starts and ends))


def _is_closed(branch: str) -> bool:
    """Whether its last sign is the one that stands for the end of the text."""
    at = last = 0
    while at < len(branch):
        last = at
        _, at = _character(branch, at)
    return branch[last:] == "$"


def _runs(branch: str) -> Iterator[tuple[bool, str, bool]]:
    """Each text between what is no plain character: whether it is at the begin, itself, whether it is everything."""
    at, run, first = 0, "", True
    while at < len(branch):
        character, after = _character(branch, at)
        repeated = after < len(branch) and branch[after] in _QUANTIFIERS
        if character is None or repeated:
            yield first, run, False
            run, first, at = "", False, _passed(branch, after) if character is None else after + 1
            if repeated and character is not None and branch[after] == "{":
                at = branch.find("}", after) + 1 or len(branch)
            continue
        run += character
        at = after
    yield first, run, first


def _character(branch: str, at: int) -> tuple[str | None, int]:
    """The plain character that stands there, or None, and where what stands there ends."""
    sign = branch[at]
    if sign == "\\":
        escaped = branch[at + 1 : at + 2]
        return (escaped if escaped in _ESCAPED else None), at + 2
    if sign == "[":
        end = _class_end(branch, at)
        inner = branch[at + 1 : end - 1]
        return (inner if len(inner) == 1 and inner != "\\" else None), end
    if sign == "(":
        return None, _group_end(branch, at)
    return (None if sign in _SPECIAL else sign), at + 1


def _passed(branch: str, at: int) -> int:
    """After the quantifiers that stand there."""
    while at < len(branch) and branch[at] in "*?+{":
        at = (branch.find("}", at) + 1 or len(branch)) if branch[at] == "{" else at + 1
    return at


def _class_end(pattern: str, at: int) -> int:
    """After the ``]`` of the class that begins there."""
    at += 1
    if pattern[at : at + 1] == "^":
        at += 1
    if pattern[at : at + 1] == "]":
        at += 1
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at : at + 2] == "[:":
            at = pattern.find(":]", at) + 2 if ":]" in pattern[at:] else at + 1
        else:
            at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _group_end(pattern: str, at: int) -> int:
    """After the ``)`` of the group that begins there."""
    depth = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 2
            continue
        if sign == "[":
            at = _class_end(pattern, at)
            continue
        depth += (sign == "(") - (sign == ")")
        at += 1
        if not depth:
            return at
    return len(pattern)
