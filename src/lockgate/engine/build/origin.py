"""Where the source of a build comes from: git, and what the pipeline says of its run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.repository.git import Git, repository_of

LOCAL_BUILDER = "https://lockgate.dev/builders/local"
"""Who built where no pipeline says so."""
_SCP = lazy_pattern(r"(?:[A-Za-z0-9_.-]+@)?([A-Za-z0-9.-]+):(?!/)([A-Za-z0-9_./~-]+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Empty texts: not known."""

    repository: str = ""
    """Address, without whom it was fetched as."""
    revision: str = ""
    """Commit; ``-dirty`` behind it where tracked files differ."""
    ref: str = ""
    epoch: int = 0
    """Seconds since 1970 that everything of the image is dated at: of the commit."""
    workflow: str = ""
    """Path of the workflow that builds."""
    builder: str = LOCAL_BUILDER
    invocation: str = ""
    """The run that builds."""

    @property
    def is_clean(self) -> bool:
        """Whether the source is that of a commit."""
        return bool(self.revision) and not self.revision.endswith("-dirty")


def origin_of(context: Path, environment: Mapping[str, str]) -> Origin:
    """What git and the environment tell of the source in ``context``. Never raises where there is no git."""
    top = repository_of(context)
    repository = revision = ref = ""
    epoch = 0
    if top is not None:
        git = Git(top)
        revision, branch = git.head()
        if revision:
            ref = f"refs/heads/{branch}" if branch else ""
            told = git.try_text("show", "--no-patch", "--format=%ct", revision)
            epoch = int(told) if told.isascii() and told.isdigit() else 0
            changed = git.try_text("status", "--porcelain", "--untracked-files=no")
            revision += "-dirty" if changed else ""
        repository = plain_address(git.try_text("config", "--get", "remote.origin.url"))
    told = environment.get("SOURCE_DATE_EPOCH", "")
    if told.isascii() and told.isdigit() and len(told) <= 11:
        epoch = int(told)
    return _in_pipeline(Origin(repository, revision, ref, epoch), environment)


def plain_address(remote: str) -> str:
    """The address of a remote as people open it: over HTTPS, without user and password; empty for a folder."""
    scp = _SCP.fullmatch(remote)
    if scp is not None and "://" not in remote:
        remote = f"https://{scp[1]}/{scp[2]}"
    parts = urlsplit(remote)
    if parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname:
        return ""
    scheme = parts.scheme if parts.scheme == "http" else "https"
    port = f":{parts.port}" if parts.port and parts.scheme in ("https", "http") else ""
    return urlunsplit((scheme, f"{parts.hostname}{port}", parts.path.removesuffix(".git"), "", ""))


def _in_pipeline(origin: Origin, environment: Mapping[str, str]) -> Origin:
    """As the variables of GitHub Actions and Azure Pipelines tell it, which stand for the checkout."""
    if environment.get("GITHUB_ACTIONS") == "true":
        server, name = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
        told = environment.get("GITHUB_WORKFLOW_REF", "")
        path = told.partition("@")[0].removeprefix(f"{name}/")
        run = f"{environment.get('GITHUB_RUN_ID', '')}/attempts/{environment.get('GITHUB_RUN_ATTEMPT', '1')}"
        return Origin(
            f"{server}/{name}", origin.revision, environment.get("GITHUB_REF", origin.ref), origin.epoch, path,
            f"{server}/{told}", f"{server}/{name}/actions/runs/{run}",
        )  # fmt: skip
    if environment.get("TF_BUILD", "").lower() == "true":
        project = f"{environment.get('SYSTEM_COLLECTIONURI', '')}{environment.get('SYSTEM_TEAMPROJECT', '')}"
        definition = environment.get("SYSTEM_DEFINITIONID", "")
        return Origin(
            plain_address(environment.get("BUILD_REPOSITORY_URI", "")) or origin.repository, origin.revision,
            environment.get("BUILD_SOURCEBRANCH", origin.ref), origin.epoch, "",
            f"{project}/_build?definitionId={definition}",
            f"{project}/_build/results?buildId={environment.get('BUILD_BUILDID', '')}",
        )  # fmt: skip
    return origin
