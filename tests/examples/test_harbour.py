"""The example shop: every planted weakness is found, every safe twin is quiet."""

import sys
from pathlib import Path

import pytest
import yaml

from lockgate.engine import Request, scan
from lockgate.gates.check import GATE
from lockgate.model import Family
from lockgate.rules import load
from lockgate.sources import helm
from lockgate.sources.repository import TreeSource

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PLANTED = yaml.safe_load((EXAMPLES / "harbour" / "planted.yaml").read_text())["planted"]
PRESENT = {family.value for family in Family}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    sys.path.insert(0, str(EXAMPLES))
    try:
        from lay_out import lay_out
    finally:
        sys.path.remove(str(EXAMPLES))
    folder = tmp_path_factory.mktemp("harbour")
    lay_out(folder)
    return folder


@pytest.fixture(scope="module")
def shown(laid_out, tmp_path_factory):
    """(rule, path) -> lines that the findings cover; an empty range where a finding has no line."""
    from lockgate.store.advisories import AdvisoryStore

    store = tmp_path_factory.mktemp("advisories") / "advisories.db"
    AdvisoryStore.build([EXAMPLES / "advisories"], store, kev=None, epss=None)
    results = []
    scan(
        [TreeSource(laid_out)],
        load(),
        GATE,
        store=None,
        ledger=None,
        request=Request(advisories=store, tell=results.append),
    )
    found: dict[tuple[str, str], set[int]] = {}
    for one in results[0].findings:
        for place in one.locations:
            lines = range(place.line, max(place.end_line, place.line) + 1)
            found.setdefault((one.finding.rule, place.path), set()).update(lines)
    return found


def lines_of(folder: Path, path: str, at: str) -> set[int]:
    text = (folder / path).read_text().splitlines()
    return {number for number, line in enumerate(text, 1) if at in line}


def name(entry: dict) -> str:
    return f"{entry['rule']} in {entry['path']} {entry.get('at', '')}"


@pytest.mark.parametrize("entry", [e for e in PLANTED if e["rule"].split("/")[0] in PRESENT], ids=name)
def test_a_planted_weakness_is_found_and_its_twin_is_quiet(entry, laid_out, shown):
    if entry.get("needs") == "helm" and helm.program() is None:
        pytest.skip("the program helm is not installed (LOCKGATE_HELM or PATH)")
    lines = shown.get((entry["rule"], entry["path"]))
    assert lines is not None, (
        f"{entry['rule']} was not found; at that file: {sorted(r for r, p in shown if p == entry['path'])}"
    )
    if "at" in entry:
        assert lines & lines_of(laid_out, entry["path"], entry["at"]), f"found at lines {sorted(lines)}"
    twin = entry["twin"]
    quiet = shown.get((entry["rule"], twin["path"]), set())
    if "at" in twin:
        quiet = quiet & lines_of(laid_out, twin["path"], twin["at"])
    assert not quiet, f"the twin fires at lines {sorted(quiet)}"


def test_every_entry_names_a_rule_of_the_catalogue_and_files_of_the_example():
    known = {rule.id for rule in load().rules}
    for entry in PLANTED:
        assert entry["rule"] in known
        for path in (entry["path"], entry["twin"]["path"]):
            assert (EXAMPLES / "harbour" / path).is_file()


def test_the_repository_itself_holds_no_credential_of_the_example():
    """Placeholders only: the files as committed are quiet for every rule of the first tier with high confidence."""
    results = []
    scan(
        [TreeSource(EXAMPLES / "harbour")],
        load({Family.SECRETS}),
        GATE,
        store=None,
        ledger=None,
        request=Request(families=(Family.SECRETS,), tell=results.append),
    )
    assert [one.finding.rule for one in results[0].findings if one.finding.confidence.name == "HIGH"] == []
