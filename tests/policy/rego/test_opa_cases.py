"""OPA's own cases, all of them, with the exact count of passes by category.

They come with OPA's Go module, at the version that ``docs/conformance/rego.json`` names; ``.ci/fetch-cases`` puts
it into the module cache. What fails, and why, is listed there too, and drawn in ``docs/reference/rego-conformance.md``.
After a change: ``python -m tests.policy.rego.opa_cases && make docs`` writes both anew.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("opa_cases", Path(__file__).with_name("opa_cases.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
opa_cases = importlib.util.module_from_spec(_SPEC)
sys.modules["opa_cases"] = opa_cases
_SPEC.loader.exec_module(opa_cases)

FOLDER = opa_cases.folder(os.environ.get("LOCKGATE_OPA_CASES", ""))
TABLE = opa_cases.table()
PARTS = 8


@pytest.mark.skipif(FOLDER is None, reason=f"OPA's module {TABLE['opa']} is not in the Go module cache")
@pytest.mark.parametrize("part", range(PARTS))
def test_the_cases_of_opa_pass_as_the_table_says(part: int) -> None:
    assert FOLDER is not None
    for category in opa_cases.categories(FOLDER)[part::PARTS]:
        failing, counted = {}, 0
        for case in opa_cases.cases(FOLDER, category):
            counted += 1
            if wrong := opa_cases.run(case):
                failing[opa_cases.name_of(case)] = wrong
        known = set(TABLE["failing"]) | set(TABLE["not_applicable"])
        unexpected = {name: wrong for name, wrong in failing.items() if name not in known}
        assert not unexpected, unexpected
        assert [counted - len(failing), counted] == TABLE["categories"].get(category), category


@pytest.mark.skipif(FOLDER is None, reason=f"OPA's module {TABLE['opa']} is not in the Go module cache")
def test_the_table_names_every_category_and_no_case_that_does_not_exist() -> None:
    assert FOLDER is not None
    assert sorted(TABLE["categories"]) == opa_cases.categories(FOLDER)
    names = {opa_cases.name_of(c) for k in opa_cases.categories(FOLDER) for c in opa_cases.cases(FOLDER, k)}
    assert (set(TABLE["failing"]) | set(TABLE["not_applicable"])) <= names


def test_what_fails_has_a_reason() -> None:
    assert all(TABLE["failing"].values())
    assert all(TABLE["not_applicable"].values())
    missing = sum(total - passed for passed, total in TABLE["categories"].values())
    assert missing == len(TABLE["failing"]) + len(TABLE["not_applicable"])
