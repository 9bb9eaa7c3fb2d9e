"""The pattern of ``parse`` as one regular expression (RE2) with a group for each column that is read."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import syntax as s

_TYPED = {
    "long": r"[-+]?\d+", "int": r"[-+]?\d+", "real": r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?",
    "double": r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", "decimal": r"[-+]?(?:\d+\.?\d*|\.\d+)",
}  # fmt: skip
_TYPED_IN_REGEX = {
    "bool": "(?i:true|false)", "real": r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
    "double": r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
}  # fmt: skip


def pattern_of(
    parts: Sequence[s.Star | s.Literal | s.ColumnDeclaration], names: Sequence[str], *, kind: str, flags: str
) -> tuple[str, int]:
    """The expression, and how many groups it has. A column is read as little as possible, the last one to the end.

    With ``kind=regex`` reading is greedy, as the documentation says, unless the flag ``U`` turns it; numbers end with
    their last digit, and there may be text before and behind the pattern. Before a star at the end a number may be
    missing.
    """
    groups, last = 0, len(parts) - 1
    regex = kind == "regex"
    first = parts[0].value if parts and isinstance(parts[0], s.Literal) else None
    at_start = not regex or (isinstance(first, str) and first.startswith("^") and "m" not in flags)
    written = ["^" if at_start else "^(?s-U:.*?)"]
    seen: set[str] = set()
    for i, part in enumerate(parts):
        if isinstance(part, s.Star):
            written.append(".*" if i == last else ".*?")
        elif isinstance(part, s.Literal):
            text = str(part.value).removeprefix("^" if regex and at_start and not i else "")
            written.append(f"(?:{_without_groups(text)})" if regex else quoted(text))
        elif part.name.text in names and part.name.text not in seen:
            seen.add(part.name.text)
            groups += 1
            before_star = i < last and isinstance(parts[i + 1], s.Star)
            inner = _TYPED.get(part.type) if before_star or regex else None
            if regex:
                inner = _TYPED_IN_REGEX.get(part.type, inner)
            if inner is not None and regex:
                inner = f"(?-U:{inner})"
            elif inner is not None and i + 1 == last:
                inner = f"(?:{inner})?"
            written.append(f"({inner or ('.*' if i == last or regex else '.*?')})")
    written.append("$" if not regex and not isinstance(parts[last], s.Star) else "")
    letters = "".join(dict.fromkeys(one for one in flags if one in "imsU")) if kind == "regex" else ""
    return f"(?{letters if 's' in letters else letters + 's'})" + "".join(written), groups


def _without_groups(pattern: str) -> str:
    """A pattern whose groups count for nothing, since groups are what is read; a parenthesis too many is itself."""
    found: list[str] = []
    at, in_class, depth = 0, False, 0
    while at < len(pattern):
        one = pattern[at]
        if one == "\\":
            found.append(pattern[at : at + 2])
            at += 2
            continue
        if in_class:
            in_class = one != "]"
        elif one == "[":
            in_class = True
        elif one == ")":
            found.append(")" if depth else "\\)")
            depth = max(depth - 1, 0)
            at += 1
            continue
        elif one == "(":
            depth += 1
            named = pattern.find(">", at) if pattern.startswith(("(?P<", "(?<"), at) else -1
            if named >= 0 or not pattern.startswith("(?", at):
                found.append("(?:")
                at = named + 1 if named >= 0 else at + 1
                continue
        found.append(one)
        at += 1
    return "".join(found)


def quoted(text: str) -> str:
    """The text as an expression that matches it alone."""
    return "".join(one if one.isalnum() or one == "_" or ord(one) > 127 else f"\\x{{{ord(one):x}}}" for one in text)
