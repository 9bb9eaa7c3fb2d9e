"""What Python does for Spark besides Kusto's functions: taking dynamic values apart, and finding groups of patterns.

Spark's patterns are Java's, which read some of RE2's otherwise and can take forever; its JSON functions lose whether a
value was a text.
"""

from __future__ import annotations

from collections.abc import Callable

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql.patterns import compiled
from lockgate.kql.text import clean, json_text
from lockgate.kql.types import DYNAMIC, Type


@dataclass(frozen=True, slots=True, eq=False)
class Elements(bound.Value):
    """The parts of a dynamic value: elements of an array, members of a bag as bags or (``pairs``) arrays of two."""

    value: bound.Value
    pairs: bool
    type: Type = DYNAMIC
    constant: bool = False


def elements(text: str | None, *, pairs: bool) -> list[str | None]:
    """The parts as JSON texts; of what is neither array nor bag itself."""
    if text is None or text[:1] not in ("[", "{"):
        return [text]
    import orjson

    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]
    if isinstance(found, list):
        return [json_text(one) for one in found]
    return [json_text([key, value] if pairs else {key: value}) for key, value in found.items()]


def finder(pattern: str, groups: int) -> Callable[[str], list[str]]:
    """Gives what the pattern finds in a text: a text that is empty when it finds nothing, then each group."""
    # A line before the text makes the hit tell an empty text that matches from one that does not.
    search = compiled(pattern.replace("^", "^(?:\\n)", 1)).search
    nothing = [""] * (groups + 1)

    def found(text: str) -> list[str]:
        hit = search(clean(f"\n{text}"))
        return [hit.group(0), *(hit.group(i) or "" for i in range(1, groups + 1))] if hit is not None else nothing

    return found
