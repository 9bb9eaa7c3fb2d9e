"""What the path patterns of ``lockgate.yaml`` mean.

``*`` and ``?`` stay within one folder, ``**`` spans folders, ``[abc]`` is a set. A glob without a slash matches a name
at any depth; one with a slash is anchored at the root. A glob that matches a folder takes everything below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """A predicate over paths (relative, forward slashes): whether any of the globs matches. Linear in the path."""
    expressions = [_expression(glob) for glob in globs]
    if not expressions:
        return lambda path: False
    import re2  # imported only when there is a glob; its time is linear whatever the glob

    compiled: Any = re2.compile(  # type: ignore[no-untyped-call]  # the package is partly typed
        "(?s)(?:" + "|".join(expressions) + r")\z"
    )
    return lambda path: compiled.match(path) is not None


def path_matches(glob: str, path: str) -> bool:
    """Whether one path matches one glob."""
    return _compiled(glob)(path)


def word_matches(glob: str, word: str) -> bool:
    """Whether a rule id matches: ``*`` stands for anything, slashes too."""
    pieces = glob.split("*")
    if len(pieces) == 1:
        return glob == word
    if not word.startswith(pieces[0]) or not word.endswith(pieces[-1]):
        return False
    if len(word) < len(pieces[0]) + len(pieces[-1]):
        return False
    place, end = len(pieces[0]), len(word) - len(pieces[-1])
    for piece in pieces[1:-1]:
        found = word.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


@lru_cache(maxsize=256)
def _compiled(glob: str) -> Callable[[str], bool]:
    return matcher((glob,))


def _expression(glob: str) -> str:
    anchored = "/" in glob.rstrip("/")
    body = _body(glob.strip("/"))
    return ("" if anchored else "(?:.*/)?") + body + "(?:/.*)?"


def _body(glob: str) -> str:
    parts: list[str] = []
    place = 0
    while place < len(glob):
        if glob.startswith("**/", place) and (place == 0 or glob[place - 1] == "/"):
            parts.append("(?:.*/)?")
            place += 3
        elif glob.startswith("**", place):
            parts.append(".*")
            place += 2
        elif glob[place] == "[" and glob.find("]", place + 2) > 0:
            end = glob.find("]", place + 2)
            parts.append(_set(glob[place + 1 : end]))
            place = end + 1
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(glob[place]) or _literal(glob[place]))
            place += 1
    return "".join(parts)


def _set(inside: str) -> str:
    negated = inside[0] in "!^" and len(inside) > 1
    members = inside[1:] if negated else inside
    spans: list[str] = []
    place = 0
    while place < len(members):
        first = members[place]
        if members[place + 1 : place + 2] == "-" and place + 2 < len(members) and members[place + 2] >= first:
            spans.append(f"{_literal(first)}-{_literal(members[place + 2])}")
            place += 3
        else:
            spans.append(_literal(first))
            place += 1
    return f"[{'^/' if negated else ''}{''.join(spans)}]"


def _literal(character: str) -> str:
    return character if character.isalnum() or character in "_/" else f"\\x{{{ord(character):x}}}"
