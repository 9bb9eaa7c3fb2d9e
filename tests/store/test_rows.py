"""Columns of findings say of each what they say of it alone, however many there are."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from lockgate.model import (
    Confidence,
    Edit,
    Family,
    Finding,
    Fix,
    Location,
    Related,
    RuleId,
    SettledFinding,
    Severity,
    State,
    Subject,
    WaiverUse,
)  # fmt: skip
from lockgate.store.rows import finding_columns

PLAIN = SettledFinding(
    Finding(
        RuleId("secrets/a"), Family.SECRETS, Severity.LOW, Confidence.HIGH, Subject("code", "line", "k"),
        Location("a.py", 3), "found", facts=(Related("tool", "t"),),
    ),
    "lg1-1", State.NEW, (Location("a.py", 3),), first_seen="2031-01-01",
)  # fmt: skip
WAIVED = replace(PLAIN, waiver=WaiverUse("w", "ada", "accepted", "2031-12-31", expired=False, where="w.yaml:1"))
TOLD = replace(
    PLAIN,
    finding=replace(PLAIN.finding, fix=Fix("mend", (Edit("a.py", 3, 3, "x", "y"),)), aliases=("CVE-1",), facts=()),
    locations=(Location("a.py", 3, commit="c0ffee"), Location('b".py', 4)),
    owners=("@ada",), introduced_by="Ada", introduced_at="2030-01-01", introduced_in="c0ffee",
)  # fmt: skip


@pytest.mark.parametrize("odd", [PLAIN, WAIVED, TOLD])
@pytest.mark.parametrize("at", [0, 1, 999, 1000, 2499])
def test_one_finding_that_differs_is_told_in_its_row_alone(odd, at) -> None:
    findings = [replace(PLAIN, identity=f"lg1-{number}") for number in range(2500)]
    findings[at] = odd
    columns = finding_columns(findings)
    alone = {id(one): finding_columns([one]) for one in (findings[0], findings[1], odd)}
    usual = alone[id(findings[1])] if at != 1 else alone[id(findings[0])]
    for name, number in product(columns, range(2500)):
        if name != "Identity":
            expected = alone[id(odd)] if number == at else usual
            assert columns[name][number] == expected[name][0], (name, number)
    assert columns["Identity"] == [one.identity for one in findings]


def test_no_finding_has_columns_as_well() -> None:
    assert set(map(len, finding_columns([]).values())) == {0}
    assert list(finding_columns([])) == list(finding_columns([PLAIN]))
