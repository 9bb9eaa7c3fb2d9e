"""Which files may be workflows: asked for every file before any content is loaded, so nothing slow is imported here."""

from __future__ import annotations

import re

from lockgate.model import File

MAX_BYTES = 1024 * 1024
_BY_NAME = (
    r"(?i)(?:^|/)(?:[\w.-]*azure[-_.]?pipelines?[\w.-]*\.ya?ml$|"
    r"\.?azure[-_]?pipelines/|\.pipelines/|\.azuredevops/|\.ado/)"
)
_NOT_OURS = (
    r"(?:^|/)(?:\.github/|\.gitlab-ci|\.gitlab/|\.circleci/|\.buildkite/|bitbucket-pipelines|\.travis|\.drone|"
    r"(?:docker-)?compose[\w.-]*\.ya?ml$|mkdocs\.ya?ml$|pnpm-(?:lock|workspace)\.yaml$|node_modules/)"
)
_PARTS = tuple(b"\n" + word for word in (b"steps:", b"stages:", b"jobs:", b"extends:"))
_MARKS = (
    b"vmImage", b"task:", b"- script:", b"- bash:", b"- pwsh:", b"- powershell:", b"- checkout:", b"- deployment:",
    b"- job:", b"- stage:", b"- template:", b"template:",
)  # fmt: skip


def wants(path: str, size: int) -> bool:
    """Whether the path may be one of a workflow. Cheap: asked for every file."""
    if not path.endswith((".yml", ".yaml")):
        return False
    return bool(kind_of(path)) or (size <= MAX_BYTES and may_be(path))


def kind_of(path: str) -> str:
    """``workflow``, ``action``, ``dependabot``, ``hooks``, or empty when zizmor has no audit for the file."""
    folder, _, name = path.rpartition("/")
    if not name.endswith((".yml", ".yaml")):
        return ""
    if folder == ".github/workflows" or folder.endswith("/.github/workflows"):
        return "workflow"
    if name in ("action.yml", "action.yaml"):
        return "action"
    if name in ("dependabot.yml", "dependabot.yaml") and (folder == ".github" or folder.endswith("/.github")):
        return "dependabot"
    return "hooks" if name == ".pre-commit-config.yaml" else ""


def named(path: str) -> bool:
    """Whether the path alone says that the file belongs to Azure Pipelines."""
    return re.search(_BY_NAME, path) is not None


def may_be(path: str) -> bool:
    """Whether the path lets the file be a pipeline; any YAML may be one, and its content decides."""
    return named(path) or not re.search(_NOT_OURS, path)


def looks_like(path: str, content: bytes) -> bool:
    """A cheap look at the bytes before anything is parsed: a part at the top level, and what only pipelines say."""
    if named(path):
        return True
    if not any(content.startswith(part[1:]) or part in content for part in _PARTS):
        return False
    return any(mark in content for mark in _MARKS)


def may_hold(row: File) -> bool:
    """False for a file that the session would have nothing to say about; most YAML is one."""
    return bool(kind_of(row.path)) or row.size > MAX_BYTES or looks_like(row.path, row.load())
