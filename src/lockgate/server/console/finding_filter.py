"""Which findings an address asks for: the one reading of it, for the list, the API, and the export.

What is of no closed list is refused, never passed over: a filter that is not understood would show more than was asked
for.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qsl

from fastapi import Depends, Query

from lockgate.errors import UsageError
from lockgate.model import Family, Severity
from lockgate.server.console.questions import Filter

SeverityName = Literal["critical", "high", "medium", "low", "info"]
Sort = Literal["severity", "oldest", "newest", "rule", "path"]
Choice = Literal["", "yes", "no", "true", "false"]
_SEVERITIES = {str(one): one for one in Severity}
_CHOSEN = {"yes": True, "true": True, "no": False, "false": False}
_Text = Annotated[str, Query(max_length=500)]


def _filter(
    word: Annotated[str, Query(max_length=500, description="Part of message, rule, path, subject or alias.")] = "",
    rule: _Text = "", path: Annotated[str, Query(max_length=500, description="Part of the path.")] = "",
    owner: _Text = "", root: Annotated[str, Query(max_length=500, description="The place, whole.")] = "",
    run: Annotated[str, Query(max_length=500, description="What one run found, in place of what stands.")] = "",
    severity: Annotated[list[SeverityName], Query(max_length=20)] = [],  # noqa: B006 - FastAPI copies it
    family: Annotated[list[Family], Query(max_length=20)] = [],  # noqa: B006 - as above
    state: Literal["", "new", "known"] = "", waived: Choice = "", fixable: Choice = "", sort: Sort = "severity",
) -> Filter:  # fmt: skip
    return Filter(
        word.strip(), rule.strip(), path.strip(), owner.strip(), root.strip(), run.strip(),
        tuple(_SEVERITIES[one] for one in severity), tuple(family), state, _CHOSEN.get(waived), _CHOSEN.get(fixable),
        sort,
    )  # fmt: skip


Wanted = Annotated[Filter, Depends(_filter)]
"""What the address of a route asks for; 422 for what is none of its filters' values."""
_CLOSED = {
    "waived": get_args(Choice), "fixable": get_args(Choice), "state": ("", "new", "known"), "sort": get_args(Sort),
}  # fmt: skip


def filter_in(query: str) -> Filter:
    """What a form that holds the query of such an address asks for. Raises :class:`UsageError` as an address would."""
    given: dict[str, Any] = {}
    for name, value in parse_qsl(query):
        one_of = _SEVERITIES if name == "severity" else tuple(Family) if name == "family" else _CLOSED.get(name)
        if len(value) > 500 or (one_of is not None and value not in one_of):
            raise UsageError(f"{value[:60]!r} is no {name} that the list can be filtered by")
        if name in ("severity", "family"):
            given.setdefault(name, []).append(Family(value) if name == "family" else value)
        else:
            given[name] = value
    return _filter(**given)
