"""SARIF import: logs as CodeQL, Semgrep, Bandit, Trivy and Gitleaks write them, and logs that mean harm."""

from __future__ import annotations

import contextlib
import gc
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.errors import SourceError
from lockgate.model import Confidence, Family, Finding, Severity, Skip, SkipKind
from lockgate.sources import Source
from lockgate.sources.sarif import SarifSource

SALT = b"0123456789abcdef"


def log(*results: Any, rules: list[Any] | None = None, tool: str = "CodeQL", **run: Any) -> dict[str, Any]:
    driver = {"name": tool, "semanticVersion": "2.1.3", "rules": rules or []}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results), **run}]}


def at(uri: str = "src/a.py", line: int = 3, snippet: str | None = "eval(x + 1)", **more: Any) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": line}
    if snippet is not None:
        region["snippet"] = {"text": snippet}
    return {"physicalLocation": {"artifactLocation": {"uri": uri} | more, "region": region}}


def hit(rule: str = "py/code-injection", *places: Any, **more: Any) -> dict[str, Any]:
    return {"ruleId": rule, "message": {"text": "Code injection."}, "locations": list(places or [at()])} | more


def collected(tmp_path: Path, value: Any, **more: Any) -> list[Any]:
    path = tmp_path / "scan.sarif"
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    source = SarifSource(path, salt=SALT, **more)
    assert isinstance(source, Source)
    return list(source.collect(lambda path, size: True))


def only(tmp_path: Path, value: Any, **more: Any) -> Finding:
    (found,) = collected(tmp_path, value, **more)
    assert isinstance(found, Finding)
    return found


def key(tmp_path: Path, value: Any, **more: Any) -> str:
    return only(tmp_path, value, **more).subject.key


def test_a_codeql_result_takes_score_precision_and_weakness_from_its_rule(tmp_path):
    rule = {
        "id": "py/code-injection",
        "name": "py/code-injection",
        "shortDescription": {"text": "Code injection."},
        "helpUri": "https://docs.example.org/py",
        "defaultConfiguration": {"level": "error"},
        "properties": {"security-severity": "9.3", "precision": "high", "tags": ["security", "external/cwe/cwe-094"]},
    }
    source_path = tmp_path / "scan.sarif"
    source_path.write_text(json.dumps(log(hit(ruleIndex=0), rules=[rule])))
    source = SarifSource(source_path, salt=SALT)
    (found,) = source.collect(lambda path, size: True)
    assert isinstance(found, Finding)
    assert found.rule == "imported/codeql/py/code-injection"
    assert (found.family, found.severity, found.confidence) == (Family.IMPORTED, Severity.CRITICAL, Confidence.HIGH)
    assert (found.fact("cwe"), found.fact("tool")) == ("cwe-094", "CodeQL 2.1.3")
    assert (found.location.path, found.location.line, found.location.snippet) == ("src/a.py", 3, ("eval(x + 1)",))
    assert source.rules[found.rule].title == "Code injection"
    assert [fact.name for fact in found.facts] == sorted(fact.name for fact in found.facts)


def test_rules_of_an_extension_are_found_by_component_and_index(tmp_path):
    value = log({"message": {"text": "m"}, "rule": {"index": 1, "toolComponent": {"index": 0}}, "locations": [at()]})
    value["runs"][0]["tool"]["extensions"] = [
        {"name": "pack", "rules": [{"id": "a"}, {"id": "b", "defaultConfiguration": {"level": "error"}}]}
    ]
    found = only(tmp_path, value)
    assert (found.rule, found.severity) == ("imported/codeql/b", Severity.HIGH)


def test_a_hierarchical_rule_id_finds_the_rule_above_it(tmp_path):
    rules = [{"id": "CA1000", "defaultConfiguration": {"level": "note"}}]
    assert only(tmp_path, log(hit("CA1000/1"), rules=rules)).severity is Severity.LOW


def test_a_bandit_result_takes_its_own_words(tmp_path):
    result = hit("B101", properties={"issue_severity": "LOW", "issue_confidence": "HIGH"}, level="error")
    found = only(tmp_path, log(result, tool="Bandit"))
    assert (found.severity, found.confidence) == (Severity.LOW, Confidence.HIGH)


@pytest.mark.parametrize(
    ("level", "severity"),
    [("error", Severity.HIGH), ("warning", Severity.MEDIUM), ("note", Severity.LOW), ("none", Severity.INFO)],
)
def test_the_level_counts_when_there_is_no_score(tmp_path, level, severity):
    assert only(tmp_path, log(hit(level=level), tool="Semgrep OSS")).severity is severity


def test_a_trivy_result_named_by_a_cve_carries_it_as_alias(tmp_path):
    assert only(tmp_path, log(hit("CVE-2024-12345"), tool="Trivy")).aliases == ("CVE-2024-12345",)


def test_a_secret_scanner_quotes_the_value_and_we_do_not(tmp_path):
    value = "AK" + "IA" + "Q3EGRIUTVX5ZLMNB"
    for content in (
        log(hit("aws-key", at(snippet=f"key = {value}")), tool="gitleaks"),
        log(hit("x", at(snippet=value)), rules=[{"id": "x", "properties": {"tags": ["external/cwe/cwe-798"]}}]),
    ):
        found = only(tmp_path, content)
        assert found.location.snippet == ()
        assert value not in repr(found)


def test_the_identity_survives_a_move_a_rename_and_new_blanks(tmp_path):
    first = key(tmp_path, log(hit()))
    assert key(tmp_path, log(hit("py/code-injection", at("lib/b.py", 90, "\teval(x  +\n 1)")))) == first
    assert key(tmp_path, log(hit("py/code-injection", at(snippet="eval(y + 1)")))) != first
    assert key(tmp_path, log(hit("py/other"))) != first
    assert key(tmp_path, log(hit(), tool="Semgrep")) != first


def test_without_code_the_fingerprint_counts_but_not_the_one_of_the_column(tmp_path):
    place = at(snippet=None)
    first = hit(
        "r",
        place,
        partialFingerprints={"primaryLocationLineHash": "ab:1", "primaryLocationStartColumnFingerprint": "4"},
    )
    moved = hit(
        "r",
        at("b.py", 8, None),
        partialFingerprints={"primaryLocationLineHash": "ab:1", "primaryLocationStartColumnFingerprint": "9"},
    )
    other = hit("r", place, partialFingerprints={"primaryLocationLineHash": "cd:1"})
    assert key(tmp_path, log(first)) == key(tmp_path, log(moved)) != key(tmp_path, log(other))


def test_without_code_the_lines_of_the_tree_count(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text("import os\nos.system(command)\n")
    (tree / "b.py").write_text("import os\n\n\n  os.system(command)\n")
    one, two = log(hit("r", at("a.py", 2, None))), log(hit("r", at("b.py", 4, None)))
    assert key(tmp_path, one, tree=tree) == key(tmp_path, two, tree=tree)
    assert key(tmp_path, one) != key(tmp_path, two)


def test_an_address_of_this_checkout_is_a_path_below_it_wherever_the_checkout_stands(tmp_path):
    keys = set()
    for number, name in enumerate(("src", "elsewhere")):
        tree = tmp_path / name
        (tree / f"pkg{number}").mkdir(parents=True)
        file = tree / f"pkg{number}" / "a.py"
        file.write_text("import os\nos.system(command)\n")
        value = log(hit("r", at(file.as_uri(), 2, None)))
        assert only(tmp_path, value, tree=tree).location.path == f"pkg{number}/a.py"
        keys.add(key(tmp_path, value, tree=tree))
    assert len(keys) == 1


def test_a_relative_address_is_never_cut_because_the_checkout_is_named_alike(tmp_path):
    relative = tmp_path.as_posix().lstrip("/") + "/a.py"
    assert only(tmp_path, log(hit("r", at(relative, 2, None))), tree=tmp_path).location.path == relative


def test_the_tree_is_never_left_for_a_line(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "outside.py").write_text("secret = 1\n")
    (tree / "link.py").symlink_to(tmp_path / "outside.py")
    value = log(hit("r", at("link.py", 1, None)))
    assert key(tmp_path, value, tree=tree) == key(tmp_path, value)


def test_a_suppressed_result_is_kept_and_says_so(tmp_path):
    result = hit(suppressions=[{"kind": "inSource", "justification": "known"}])
    assert only(tmp_path, log(result)).fact("suppressed") == "inSource accepted: known"


def test_a_code_flow_is_told_in_one_line(tmp_path):
    steps = [{"location": at("a.py", 1)}, {"location": at("b.py", 7)}]
    result = hit(codeFlows=[{"threadFlows": [{"locations": steps}]}])
    assert only(tmp_path, log(result)).fact("code-flow") == "a.py:1 -> b.py:7"


def test_passed_and_absent_results_are_no_findings(tmp_path):
    assert collected(tmp_path, log(hit(kind="pass"), hit(baselineState="absent"), hit(kind="notApplicable"))) == []


def test_messages_by_id_are_filled_in(tmp_path):
    rules = [{"id": "r", "messageStrings": {"default": {"text": "{0} reaches {1} and {7}"}}}]
    result = hit("r", message={"id": "default", "arguments": ["input", "eval"]})
    assert only(tmp_path, log(result, rules=rules)).message == "input reaches eval and {7}"


BASES = {
    "SRCROOT": {"uri": "file:///home/ci/shop/"},
    "LIB": {"uri": "lib/", "uriBaseId": "SRCROOT"},
    "RING": {"uri": "r", "uriBaseId": "RING"},
}


@pytest.mark.parametrize(
    ("uri", "base", "path"),
    [
        ("src/a.py", "SRCROOT", "src/a.py"),
        ("a.py", "LIB", "lib/a.py"),
        ("a.py", "RING", "r/a.py"),
        ("file:///home/ci/shop/src/a%20b.py", "", "src/a b.py"),
        ("file:///etc/passwd", "", "etc/passwd"),
        ("/etc/passwd", "", "etc/passwd"),
        ("../../etc/passwd", "SRCROOT", "etc/passwd"),
        ("src/../../x.py", "", "x.py"),
        ("%2e%2e/%2e%2e/x.py", "", "x.py"),
        ("C:\\work\\a.py", "", "work/a.py"),
        ("file:///C:/work/a.py", "", "work/a.py"),
        ("src\\a.py", "", "src/a.py"),
        ("https://shop.example.org/login", "", "shop.example.org/login"),
        ("a\x00.py", "", "a.py"),
    ],
)
def test_every_address_becomes_a_path_inside_the_tree(tmp_path, uri, base, path):
    place = at(uri, **({"uriBaseId": base} if base else {}))
    assert only(tmp_path, log(hit("r", place), originalUriBaseIds=BASES)).location.path == path


def test_an_artifact_named_by_index_is_found(tmp_path):
    place = {"physicalLocation": {"artifactLocation": {"index": 1}}}
    value = log(hit("r", place), artifacts=[{}, {"location": {"uri": "x/y.tf"}}])
    assert only(tmp_path, value).location.path == "x/y.tf"


def test_a_tool_that_failed_is_a_skip(tmp_path):
    bad = {
        "executionSuccessful": False,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": "no JDK"}}],
    }
    kinds = collected(tmp_path, log(invocations=[bad]))
    assert [(skip.kind, skip.family) for skip in kinds] == [(SkipKind.UNREADABLE, "imported")] * 2
    assert "no JDK" in kinds[1].reason


def test_a_damaged_result_is_a_skip_and_the_others_stand(tmp_path):
    found = collected(tmp_path, log(*[None] * 30, hit()))
    assert [type(item) for item in found] == [Skip] * 20 + [Finding, Skip]
    assert "10 more" in found[-1].reason


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe{", b'{"version":"2.1.0"}', b'{"version":"2.1.0","runs":{}}',
        b'{"version":"2.1.0","runs":[1]}', b'{"version":"1.0.0","runs":[]}', b"[" * 100_000,
        b'{"version":"2.1.0","runs":[{"results":' + b"[" * 5000 + b"]" * 5000 + b"}]}",
    ],
)  # fmt: skip
def test_what_is_no_log_is_a_clear_error(tmp_path, content):
    with pytest.raises(SourceError) as caught:
        collected(tmp_path, content)
    assert caught.value.where.endswith("scan.sarif")
    assert caught.value.hint


def test_a_log_that_is_too_large_to_parse_gives_what_a_small_one_gives(tmp_path, monkeypatch):
    content = log(hit(), hit(), 7, "x", hit())
    small = collected(tmp_path, content)
    monkeypatch.setattr("lockgate.sources.sarif.AT_ONCE", 50)
    assert collected(tmp_path, content) == small
    monkeypatch.setattr("lockgate.sources.sarif.MAX_BYTES", 50)
    assert collected(tmp_path, content) == small


@pytest.mark.parametrize(
    "broken", [b'"ruleId": }', b'"ruleId": 1,}', b'"ruleId": "\\x"', b'"ruleId": 1}]', b'"ruleId": 1,']
)
def test_a_log_that_is_read_in_pieces_says_as_one_that_is_parsed_at_once_where_it_is_wrong(
    tmp_path, monkeypatch, broken
):
    content = b'{"version": "2.1.0", "runs": [{"results": [\n{"ruleId": 1},\n{"ruleId": 2},\n{%b}\n]}]}' % broken
    said = []
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            collected(tmp_path, content)
        said.append(str(caught.value))
        monkeypatch.setattr("lockgate.sources.sarif.AT_ONCE", 50)
    assert said[0] == said[1]
    assert "line" in said[0]


def test_a_log_that_is_too_large_for_pieces_is_parsed_at_once(tmp_path, monkeypatch):
    content = log(hit(), {"ruleId": "r", "properties": {"tags": ["x"] * 1000}})
    small = collected(tmp_path, content)
    monkeypatch.setattr("lockgate.sources.sarif.AT_ONCE", 50)
    monkeypatch.setattr("lockgate.formats.sarif_stream.MAX_RESULT", 500)
    assert collected(tmp_path, content) == small


def test_a_log_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lockgate.sources.sarif.AT_ONCE", 50)
    monkeypatch.setattr("lockgate.sources.sarif.MAX_BYTES", 50)
    monkeypatch.setattr("lockgate.sources.sarif.MAX_STREAM", 60)
    with pytest.raises(SourceError, match="larger than"):
        collected(tmp_path, log(hit()))


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        list(SarifSource(tmp_path / "no.sarif", salt=SALT).collect(lambda path, size: True))


def test_rule_ids_are_made_safe(tmp_path):
    found = only(tmp_path, log(hit("../../a b\x1b[31m" + "x" * 500), tool="My Tool/2"))
    assert found.rule.startswith("imported/my-tool-2/")
    assert len(found.rule) < 160
    assert ".." not in found.rule and found.rule.isprintable() and " " not in found.rule


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from([
    "ruleId", "ruleIndex", "rule", "level", "kind", "message", "locations", "codeFlows", "suppressions", "fixes",
    "fingerprints", "partialFingerprints", "properties", "tool", "artifacts", "originalUriBaseIds", "invocations",
    "physicalLocation", "artifactLocation", "region", "uri", "uriBaseId", "index", "startLine", "snippet", "text",
    "driver", "extensions", "rules", "id", "logicalLocations", "arguments",
])  # fmt: skip
shaped = st.recursive(
    junk, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=6), max_leaves=20
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(fields, shaped, max_size=5), st.lists(st.dictionaries(fields, shaped, max_size=6), max_size=3))
def test_no_shape_of_a_run_raises_anything(tmp_path, run, results):
    for item in collected(tmp_path, {"version": "2.1.0", "runs": [run | {"results": results}]}):
        assert isinstance(item, Finding | Skip)
        if isinstance(item, Finding):
            assert not item.location.path.startswith("/")
            assert ".." not in item.location.path.split("/")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_the_source_error(tmp_path, content):
    with pytest.raises(SourceError):
        collected(tmp_path, content)


def test_the_collector_is_left_as_it_was_found(tmp_path):
    path = tmp_path / "scan.sarif"
    for content in (json.dumps(log(hit(), hit())), "{"):
        path.write_text(content)
        for on in (True, False):
            (gc.enable if on else gc.disable)()
            try:
                with contextlib.suppress(SourceError):
                    rows = SarifSource(path, salt=SALT).collect(lambda path, size: True)
                    next(rows)
                    assert not gc.isenabled()
                    rows.close()
                assert gc.isenabled() is on
            finally:
                gc.enable()


def test_a_log_too_large_to_parse_at_once_leaves_the_collector_at_work(tmp_path, monkeypatch):
    monkeypatch.setattr("lockgate.sources.sarif.AT_ONCE", 10)
    monkeypatch.setattr("lockgate.sources.sarif.MAX_BYTES", 10)
    path = tmp_path / "scan.sarif"
    path.write_text(json.dumps(log(hit(), hit())))
    for _ in SarifSource(path, salt=SALT).collect(lambda path, size: True):
        assert gc.isenabled()
