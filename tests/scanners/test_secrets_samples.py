"""Every sample of every secrets rule, judged by the scanner itself with that rule alone."""

from __future__ import annotations

import pytest

from lockgate.model import Family, File, Finding, Rule, Sample
from lockgate.rules import expand_sample, load
from lockgate.scanners import ScanContext
from lockgate.scanners.secrets import SCANNER

RULES = load([Family.SECRETS]).rules


def lines_where_it_fires(rule: Rule, sample: Sample) -> set[int]:
    content = expand_sample(sample.text).encode()
    session = SCANNER.start([rule], ScanContext(salt=b"s" * 16))
    rows = list(session.feed(File(sample.path or "config.txt", len(content), lambda: content)))
    return {row.location.line for row in rows if isinstance(row, Finding) and row.rule == rule.id}


@pytest.mark.parametrize("rule", RULES, ids=[str(rule.id) for rule in RULES])
def test_each_sample_gets_the_answer_it_states(rule: Rule) -> None:
    for sample in rule.samples:
        lines = lines_where_it_fires(rule, sample)
        assert bool(lines) == sample.fires, f"{sample.path}: {sample.text!r} {sample.note}"
        if sample.lines:
            assert lines == set(sample.lines), sample.text
