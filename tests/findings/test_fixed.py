"""Findings that are gone are the same whether they are made at once or when they are asked for."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockgate.findings import Owners, settle
from lockgate.findings.fixed import Fixed
from lockgate.model import Confidence, Family, Finding, Location, RuleId, Severity, Subject
from lockgate.store import Ledger

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)


def _observed(count: int) -> list[Finding]:
    return [
        Finding(
            RuleId(f"imported/{number % 7}"), Family.IMPORTED, Severity(number % 5), Confidence.HIGH,
            Subject("code", "line", f"k{number}"), Location(f"a/{number % 11}.py", number % 13 + 1), f"found {number}",
        )
        for number in range(count)
    ]  # fmt: skip


def _again(folder: Path, seen: list[Finding], held: int, monkeypatch: pytest.MonkeyPatch):
    """Settles ``seen`` against what the ledger knows, whose findings are read from the file or held packed."""
    monkeypatch.setattr("lockgate.store.ledger._MOST_HELD", held)
    ledger = Ledger.open(folder)
    return ledger, settle(seen, known=ledger.known("p"), today=NOW.date(), now=NOW, owners=Owners.parse("* @all"))


@pytest.mark.parametrize("held", [0, 1 << 30], ids=["read when asked for", "held packed"])
def test_many_that_are_gone_are_what_few_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    observed = _observed(300)
    with Ledger.open(tmp_path) as ledger:
        ledger.known("p")
        ledger.remember("p", settle(observed, today=NOW.date(), now=NOW).known)
    ledger, few = _again(tmp_path, observed[:20], held, monkeypatch)
    with ledger:
        assert isinstance(few.fixed, tuple)
        assert len(few.fixed) == 280
        monkeypatch.setattr(sys.modules["lockgate.findings.settle"], "_MADE_AT_ONCE", 10)
        other, many = _again(tmp_path, observed[:20], held, monkeypatch)
        assert isinstance(many.fixed, Fixed)
        assert len(many.fixed) == 280
        assert (tuple(many.fixed), many.fixed[7], many.fixed[3:9]) == (few.fixed, few.fixed[7], few.fixed[3:9])
        assert list(zip(many.fixed, many.fixed, strict=True)) == list(zip(few.fixed, few.fixed, strict=True))
        assert many.rules == {one.rule for one in observed}
        assert [one.fixed_at for one in many.others] == [NOW.isoformat(timespec="seconds")] * 280
        other.remember("p", many.known)
        other.close()
        assert tuple(many.fixed) == few.fixed  # the file is not needed any more
    with Ledger.open(tmp_path) as after:
        assert sum(bool(one.fixed_at) for one in after.known("p")) == 280
