"""``lockgate policy verify``: runs every suite below the paths."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from lockgate.cli._policy.files import Beside, Found, find, read
from lockgate.cli._policy.outcomes import ERROR, FAILED, PASSED, SKIPPED, Case, Outcomes, draw
from lockgate.cli._progress import progress
from lockgate.errors import LockgateError, NothingCheckedError, SourceError, UsageError
from lockgate.formats.yaml_safe import FormatError, load_all

Wanted = Callable[[str, str], bool]
_MARKS = (b"test.gatekeeper.sh", b"AdmissionSuite", b"cli.kyverno.io", b"AdmissionPolicy:", b"policy_rule",
          b"policy_definition", b"expected_", b"round_trip")  # fmt: skip
"""One of them stands in every suite; what has none is not read as YAML, since a folder of manifests is large."""


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    wanted = _filter(arguments.run_filter)
    files = find(arguments.paths)
    started = time.monotonic()
    cases: list[Case] = []
    suites = 0
    with progress(quiet=arguments.quiet) as tell:
        for number, found in enumerate(files, 1):
            tell("suites", number, len(files))
            for documents in _suites(found):
                made = list(documents(found, wanted, arguments.without_cel))
                suites += 1
                cases += made
    if not suites:
        raise NothingCheckedError(
            f"no suite was found in {len(files)} files", where=", ".join(arguments.paths)[:200],
            hint="docs/policy.md says what a suite is",
        )  # fmt: skip
    outcomes = Outcomes(cases, suites, time.monotonic() - started)
    draw(outcomes, arguments.format, verbose=arguments.verbose)
    return int(outcomes.exit_code)


_Run = Callable[[Found, Wanted, bool], Iterator[Case]]


def _suites(found: Found) -> Iterator[_Run]:
    """What runs each suite of one file."""
    try:
        content = read(found.path, where=found.shown)
        if not any(mark in content for mark in _MARKS):
            return
        bodies = load_all(content)
    except (SourceError, FormatError) as error:
        said = str(error)
        yield lambda found, _, __: iter((Case(found.shown, "", found.shown, "", "", ERROR, said),))
        return
    for body in bodies:
        runner = _runner(body)
        if runner is not None:
            yield partial(runner, body)


def _runner(body: Any) -> Callable[[Any, Found, Wanted, bool], Iterator[Case]] | None:
    from lockgate.policy.azure import cases as azure
    from lockgate.policy.gatekeeper import suite as gatekeeper
    from lockgate.policy.kubernetes import suite as kubernetes

    if gatekeeper.is_suite(body):
        return _gatekeeper
    if kubernetes.is_suite(body):
        return _kubernetes
    return _azure if azure.is_cases(body) else None


def _gatekeeper(body: Any, found: Found, wanted: Wanted, without_cel: bool) -> Iterator[Case]:
    from lockgate.policy.gatekeeper.suite import parse_suite
    from lockgate.policy.gatekeeper.verify import Outcome, verify

    try:
        suite = parse_suite(body, where=found.path.stem)
    except LockgateError as error:
        yield Case(found.shown, "gatekeeper", found.shown, "", "", ERROR, str(error))
        return
    names = {Outcome.PASSED: PASSED, Outcome.FAILED: FAILED, Outcome.ERROR: ERROR, Outcome.SKIPPED: SKIPPED}
    result = verify(suite, Beside(found.path), wanted=wanted, without_cel=without_cel)
    if result.skipped:
        yield Case(found.shown, "gatekeeper", suite.name, "", "", SKIPPED, "the suite says so")
    for test in result.tests:
        if not test.cases:
            yield Case(found.shown, "gatekeeper", suite.name, test.name, "", names[test.outcome], test.message)
        for case in test.cases:
            yield Case(
                found.shown, "gatekeeper", suite.name, test.name, case.name, names[case.outcome], case.message
            )  # fmt: skip


def _kubernetes(body: Mapping[str, Any], found: Found, wanted: Wanted, _: bool) -> Iterator[Case]:
    from lockgate.policy.kubernetes.suite import parse_suite
    from lockgate.policy.kubernetes.verify import verify

    try:
        suite = parse_suite(body, where=found.path.stem)
    except LockgateError as error:
        yield Case(found.shown, "kubernetes", found.shown, "", "", ERROR, str(error))
        return
    for result in verify(suite, Beside(found.path), wanted=wanted):
        outcome = SKIPPED if result.skipped else ERROR if result.error else FAILED if result.problem else PASSED
        message = result.error or result.problem
        yield Case(found.shown, "kubernetes", suite.name, result.test, result.case, outcome, message)


def _azure(body: Mapping[str, Any], found: Found, wanted: Wanted, _: bool) -> Iterator[Case]:
    from lockgate.policy.azure.cases import run_cases

    name = found.path.stem
    tables = _tables(found)
    for result in run_cases(body, tables, wanted=lambda case: wanted(name, case)):
        outcome = ERROR if result.error else FAILED if result.problem else PASSED
        yield Case(found.shown, "azure", name, name, result.note, outcome, result.error or result.problem)


def _tables(found: Found) -> Callable[[str], bytes]:
    """Tables of aliases: beside the file of cases, or in a folder ``aliases`` beside it or up to two levels above."""
    beside = Beside(found.path)
    held: dict[str, bytes] = {}

    def table(name: str) -> bytes:
        if name not in held:
            for place in (name, f"aliases/{name}", f"../aliases/{name}", f"../../aliases/{name}"):
                if (found.path.parent / place).is_file():
                    held[name] = beside(place)
                    break
            else:
                raise SourceError("there is no such table of aliases", where=name[:200])
        return held[name]

    return table


def _filter(text: str) -> Wanted:
    """Gatekeeper's: ``TEST//CASE``, both of which must be found; without ``//`` either name will do."""
    if not text:
        return lambda test, case: True
    import re2

    first, slashes, second = text.partition("//")
    try:
        left, right = re2.compile(first), re2.compile(second)  # type: ignore[no-untyped-call]
    except re2.error:
        raise UsageError(f"{text!r} is not an RE2 expression", where="--run") from None
    if slashes:
        return lambda test, case: bool(left.search(test) and right.search(case))
    return lambda test, case: bool(left.search(test) or left.search(case))
