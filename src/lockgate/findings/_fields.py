"""The fields of a waiver, however it is written: which are known, which are demanded, what makes one wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from lockgate.formats.vex.statement import JUSTIFICATIONS
from lockgate.store.waiver import Waiver

OBJECT_KEYS = ("namespace", "name", "kind", "selector", "cluster", "scope")
"""Each covers objects only."""
KEYS = ("rule", "identity", "alias", "path", "package", *OBJECT_KEYS, "by", "reason", "expires")
JUSTIFICATION = "justification"
"""Only in the reviewed file: a label of VEX, for a flaw that is not there."""
DEMANDED = ("by", "reason", "expires")
TARGETS = ("rule", "identity", "alias")
MIN_REASON = 8
"""Characters: less says nothing to the next reader."""


def waiver_from(
    values: Mapping[str, str], *, allowed: Sequence[str], where: str, path: str = "", line: int = 0, problem: str = ""
) -> Waiver:
    """The waiver of those values, with its ``problem`` when it has one."""
    said = problem or fault(values, allowed)
    return Waiver(
        by=values.get("by", ""),
        reason=" ".join(values.get("reason", "").split()),
        expires=values.get("expires", ""),
        where=where,
        rule=values.get("rule", ""),
        identity=values.get("identity", ""),
        alias=values.get("alias", ""),
        path=path or values.get("path", ""),
        package=values.get("package", ""),
        line=line,
        problem=said,
        justification=values.get(JUSTIFICATION, ""),
        **{key: values.get(key, "") for key in OBJECT_KEYS},
    )


def fault(values: Mapping[str, str], allowed: Sequence[str]) -> str:
    """What is wrong, in a clause; empty when nothing is."""
    for key in values:
        if key not in allowed:
            import difflib  # only a complaint pays for it

            near = difflib.get_close_matches(key, allowed, n=1)
            return f"{key!r} is no key of a waiver" + (f"; did you mean {near[0]!r}?" if near else "")
    for key in DEMANDED:
        if not values.get(key, "").strip():
            return f"{key!r} is missing: a waiver names a person, a reason and a last day"
    if not any(values.get(key) for key in TARGETS):
        return "it names neither a rule, an identity nor an alias"
    label = values.get(JUSTIFICATION, "")
    if label and label not in JUSTIFICATIONS:
        return f"justification is {label!r}, none of {', '.join(JUSTIFICATIONS)}"
    if len(values["reason"].strip()) < MIN_REASON:
        return f"the reason has fewer than {MIN_REASON} characters"
    return _date_fault(values["expires"])


def _date_fault(text: str) -> str:
    try:
        if len(text) == 10:
            date.fromisoformat(text)
            return ""
    except ValueError:
        pass
    return f"expires is {text!r}, not a day as in 2031-12-31"
