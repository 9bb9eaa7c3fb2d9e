"""Agreement with the labels of checkov's pipeline fixtures; without the corpora the tests skip.

Azure jobs say by their name whether they pass (``PassX``, ``UnknownX``) or fail (``FailX``) the check of their folder.
The GitHub fixtures carry one list; there the files that show a weakness we also know are compared.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.corpora import CORPORA

from lockgate.model import Family, File, Finding, Skip, SkipKind
from lockgate.rules import load
from lockgate.scanners import ScanContext
from lockgate.scanners.workflows import SCANNER

_HERE = Path(__file__).resolve()
ROOT = CORPORA / "checkov-fixtures"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the checkov fixtures are not on this machine")

AZURE = [
    ("example_ContainerDigest", {"azure-image-unpinned", "azure-image-without-digest"}, set()),
    ("example_SetSecretVariable", {"azure-secret-setvariable-literal"}, set()),
]
NOT_A_WORKFLOW = "a job with run beside steps is no workflow, and GitHub refuses it: a Skip says so"
GITHUB = [
    ("supply_chain.yaml", "unpinned-uses", ""),
    ("docker-slsa.yaml", "template-injection", ""),
    ("workflow_with_image.yml", "unpinned-images", ""),
    ("workflow_with_string_container.yml", "unpinned-images", ""),
    ("off_value.yaml", "excessive-permissions", ""),
    ("shell_injection.yaml", "template-injection", NOT_A_WORKFLOW),
    ("unsecure_command.yaml", "insecure-commands", NOT_A_WORKFLOW),
    ("suspectcurl.yaml", "template-injection", NOT_A_WORKFLOW),
]


def rows_of(path: Path, as_path: str) -> list[Finding | Skip]:
    content = path.read_bytes()
    session = SCANNER.start(load([Family.WORKFLOWS]).rules, ScanContext(salt=b"0" * 16))
    return [*session.feed(File(as_path, len(content), lambda: content)), *session.finish()]


def findings(path: Path, as_path: str) -> list[Finding]:
    return [row for row in rows_of(path, as_path) if isinstance(row, Finding)]


@pytest.mark.parametrize(("folder", "rules", "different"), AZURE)
def test_we_agree_on_every_labelled_azure_job(folder: str, rules: set[str], different: set[str]) -> None:
    path = ROOT / "azure_pipelines" / "checks" / "jobs" / folder / "azure-pipelines.yml"
    hits = [hit for hit in findings(path, "azure-pipelines.yml") if str(hit.rule).split("/")[1] in rules]
    said = {hit.subject.name.removeprefix("job ").partition(",")[0] for hit in hits}
    labelled = [
        line.split("job:")[1].strip() for line in path.read_text().split("\n") if line.strip().startswith("- job:")
    ]
    assert len(labelled) == {"example_ContainerDigest": 3, "example_SetSecretVariable": 4}[folder]
    assert {job for job in labelled if (job in said) is not job.startswith("Fail")} == different


@pytest.mark.parametrize(("name", "rule", "reason"), GITHUB)
def test_we_agree_on_the_github_fixtures_of_the_same_weakness(name: str, rule: str, reason: str) -> None:
    path = ROOT / "github_actions" / "resources" / ".github" / "workflows" / name
    rows = rows_of(path, f".github/workflows/{name}")
    if reason:
        assert [row.kind for row in rows if isinstance(row, Skip)] == [SkipKind.MALFORMED] and len(rows) == 1
    else:
        assert any(isinstance(row, Finding) and row.rule == f"workflows/{rule}" for row in rows)
