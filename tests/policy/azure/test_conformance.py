"""Every public case, held to the counts that the reference page states."""

from typing import Any

from tests.policy.azure.corpora import CASES, allowed_to_fail, counts, needs_cases, suite

from lockgate.policy.azure.cases import CaseResult, is_cases, run_cases


def results(folder: str) -> dict[str, list[CaseResult]]:
    """What came of every case of one suite, by file."""

    def read(name: str) -> bytes:
        return (CASES / "aliases" / name).read_bytes()

    found: dict[str, list[CaseResult]] = {}
    for name, file in suite(folder).items():
        assert is_cases(file), name
        found[name] = list(run_cases(file, read))
    return found


def assert_counts(folder: str, found: dict[str, list[CaseResult]]) -> None:
    failing: dict[tuple[str, str], Any] = {
        (name, one.note): one for name, results in found.items() for one in results if one.problem or one.error
    }
    assert {name: len(results) for name, results in found.items()} == counts(folder)
    assert set(failing) == allowed_to_fail(folder), failing


@needs_cases
def test_every_evaluation_case_gives_its_effect_and_details() -> None:
    found = results("cases")
    assert sum(map(len, found.values())) == 592
    assert_counts("cases", found)


@needs_cases
def test_every_parser_case_is_read_or_refused_and_gives_its_effect() -> None:
    found = results("parser_tests/cases")
    refused = sum(one.refused for results in found.values() for one in results)
    assert (sum(map(len, found.values())), refused) == (115, 25)
    assert_counts("parser_tests/cases", found)


@needs_cases
def test_every_normalisation_case_gives_its_views() -> None:
    found = results("normalization/cases")
    assert sum(map(len, found.values())) == 30
    assert_counts("normalization/cases", found)
