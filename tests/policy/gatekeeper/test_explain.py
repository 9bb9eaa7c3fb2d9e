"""Explaining a constraint: what leaves an object out, or the lines of its template, which agree with its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.policy.gatekeeper.library_objects import one

from lockgate.policy.gatekeeper.constraint import GATOR
from lockgate.policy.gatekeeper.explain import explain
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.suite import parse_suite

_JUDGED = (34, 32, 30)
"""Cases, of two for the first test of each suite, whose constraint is for the object."""


@pytest.mark.parametrize("part", range(3))
def test_a_trace_agrees_with_the_verdict_on_every_case_of_the_library(corpora: Path, part: int) -> None:
    suites = sorted(corpora.glob("gatekeeper-library/library/*/*/suite.yaml"))[part::3]
    judged = 0
    for path in suites:
        for test in parse_suite(one(path), where=path.parent.name).tests[:1]:
            library = Library()
            library.add_template(one(path.parent / test.template), without_cel=True)
            library.add_constraint(one(path.parent / test.constraint))
            for case in test.cases[:2]:
                for said in explain(library, Review.of_object(one(path.parent / case.object)), point=GATOR):
                    assert not any(step.error for step in said.steps), (path.parent.name, case.name)
                    if said.outcome != "not about it":
                        judged += 1
                        held = any(step.value is True for step in said.steps)
                        assert held == (said.outcome == "denied"), (path.parent.name, case.name)
    assert judged == _JUDGED[part]
