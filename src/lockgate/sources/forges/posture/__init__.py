"""What a forge is set up like, as objects that rules judge: one module a forge, each a source of a run.

The readers of answers are pure and stand in ``formats.forge_settings``; here is what is asked, in which order, within
one budget of calls for a whole organisation. What was refused, or left when the budget ended, is told once for each
object, with the permission that would show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.model import Family, Object, Skip, SkipKind
from lockgate.sources.forges.budget import CallsSpentError
from lockgate.transport import AbsentError, RefusedError

MODE = "posture"
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Missing:
    """Why one setting was not read."""

    words: str
    """What it is, for people."""
    why: str
    """``needs Organization webhooks: read``, or what went wrong."""
    kind: SkipKind = SkipKind.UNREADABLE


def missing(error: SourceError, words: str, permission: str) -> Missing:
    """Why ``words`` could not be read, where the forge shows it to who has ``permission``."""
    if isinstance(error, CallsSpentError):
        return Missing(words, "the budget of calls is used up", SkipKind.LIMIT)
    if not isinstance(error, RefusedError) or not permission:
        return Missing(words, error.message)
    if isinstance(error, AbsentError):  # forges say so too of what they do not show
        return Missing(words, f"there is nothing, or it needs {permission}")
    return Missing(words, f"needs {permission}")


def skip_of(judged: Object, reasons: Mapping[str, Missing]) -> Skip | None:
    """One Skip for all that was not read of an object; None where everything was.

    ``reasons``: by JSON pointer.
    """
    told: dict[str, list[str]] = {}
    kinds: list[SkipKind] = []
    for pointer in sorted(judged.unresolved):
        one = reasons.get(pointer) or Missing(pointer.removeprefix("/spec/"), "the forge does not show it")
        kinds.append(one.kind)
        words = told.setdefault(one.why, [])
        if one.words not in words:
            words.append(one.words)
    if not told:
        return None
    parts = [f"{_named(words)} ({why})" for why, words in told.items()]
    kind = SkipKind.LIMIT if all(one is SkipKind.LIMIT for one in kinds) else SkipKind.UNREADABLE
    return Skip(judged.path, kind, f"not read: {'; '.join(parts)}", Family.POSTURE)


def _named(words: Iterable[str]) -> str:
    own = list(words)
    more = f" and {len(own) - _MOST_NAMED} more" if len(own) > _MOST_NAMED else ""
    return ", ".join(own[:_MOST_NAMED]) + more
