"""Which findings an address asks for: the one reading of it, for the list, the API, and the export.

What is of no closed list is refused, never passed over: a filter that is not understood would show more than was asked
for.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query

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
