"""Push protection: the hooks of a repository, and what they call."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from lockgate.cli._check import exit_code, judged
from lockgate.cli._project import Project, project_at
from lockgate.cli._text import safe
from lockgate.engine import Request
from lockgate.engine.machine import machine_folder
from lockgate.errors import ExitCode, SourceError, UsageError
from lockgate.model import Family, Result, Verdict
from lockgate.settings.globs import matcher as excluder
from lockgate.sources import Source
from lockgate.sources.repository import Git, repository_of
from lockgate.sources.repository.changes import StagedSource
from lockgate.sources.repository.history import HistorySource
from lockgate.store import Ledger
from lockgate.store.cache import Cache
from lockgate.store.workspace import prepare, salt_of

_MARK = "# written by lockgate hook install"
_NAMES = ("pre-commit", "pre-push")
_ZERO = frozenset("0")
MIN_REASON = 8
"""Characters that a bypass reason must have: enough to stop an empty habit."""


def run(arguments: argparse.Namespace) -> int:
    """One action of ``lockgate hook``."""
    here = repository_of(Path.cwd())
    if here is None:
        raise SourceError("not in a git repository", where=str(Path.cwd()), hint="change into one")
    if arguments.action == "install":
        return _install(Git(here), force=arguments.force)
    if arguments.action == "uninstall":
        return _uninstall(Git(here))
    if arguments.action == "pre-commit":
        return _pre_commit(here)
    lines = sys.stdin.read().splitlines()
    if arguments.action == "pre-push":
        pushed = [_pushed(line) for line in lines if line.strip()]
        return _guard(here, pushed, bypass=os.environ.get("LOCKGATE_BYPASS"), there="--remotes")
    received = [_received(line) for line in lines if line.strip()]
    return _guard(here, received, bypass=_push_option(), there="--all")


def _hooks_folder(git: Git) -> Path:
    """Where git looks for hooks; the user's own ``core.hooksPath`` counts, so it is asked for without our override."""
    configured = git.try_text("config", "--local", "--get", "core.hooksPath")
    common = Path(git.text("rev-parse", "--git-common-dir"))
    base = common if common.is_absolute() else git.folder / common
    return git.folder / configured if configured else base / "hooks"


def _install(git: Git, *, force: bool) -> int:
    folder = _hooks_folder(git)
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        path = folder / name
        before = folder / f"{name}.before-lockgate"
        if path.exists() and _MARK not in path.read_text("utf-8", "replace"):
            if not force:
                raise UsageError("there is a hook already", where=str(path), hint="--force keeps it and calls it first")
            path.replace(before)
        path.write_text(_script(name))
        path.chmod(0o755)
        print(f"installed {path}")
    return 0


def _uninstall(git: Git) -> int:
    folder = _hooks_folder(git)
    for name in _NAMES:
        path, before = folder / name, folder / f"{name}.before-lockgate"
        if path.exists() and _MARK in path.read_text("utf-8", "replace"):
            path.unlink()
            print(f"removed {path}")
            if before.exists():
                before.replace(path)
                print(f"put back {path}")
    return 0


def _script(name: str) -> str:
    """A hook that calls the Lockgate that wrote it, and says so when that has gone, rather than let all pass."""
    import shlex

    call = shlex.join([sys.executable, "-m", "lockgate", "hook", name])
    return f"""#!/bin/sh
{_MARK}
before="$0.before-lockgate"
input=""
{'input="$(cat)"' if name == "pre-push" else ":"}
if [ -x "$before" ]; then printf '%s\\n' "$input" | "$before" "$@" || exit $?; fi
if [ ! -x {shlex.quote(sys.executable)} ]; then
  echo "lockgate: the Lockgate that guards this repository is gone; run: lockgate hook install" >&2
  exit 1
fi
printf '%s\\n' "$input" | {call} "$@"
"""


def _pre_commit(top: Path) -> int:
    project = project_at(top)
    git = Git(top, in_hook=True)
    source = StagedSource(git, excluder(project.settings.exclude), project.settings.limits.file_bytes)
    return _judge(project, [source], project.settings.families, bypass=os.environ.get("LOCKGATE_BYPASS"), at="commit")


@dataclass(frozen=True, slots=True)
class _Update:
    """One reference that a push moves."""

    old: str
    new: str
    name: str


def _pushed(line: str) -> _Update:
    """``<local ref> <local id> <remote ref> <remote id>`` (githooks, pre-push)."""
    fields = line.split()
    if len(fields) != 4:
        raise UsageError("not a line of git's pre-push", hint="git calls this; you need not")
    return _Update(old=fields[3], new=fields[1], name=fields[2])


def _received(line: str) -> _Update:
    """``<old id> <new id> <ref>`` (githooks, pre-receive)."""
    fields = line.split(" ", 2)
    if len(fields) != 3:
        raise UsageError("not a line of git's pre-receive", hint="git calls this; you need not")
    return _Update(old=fields[0], new=fields[1], name=fields[2])


def _push_option() -> str | None:
    for number in range(int(os.environ.get("GIT_PUSH_OPTION_COUNT", "0") or 0)):
        key, _, value = os.environ.get(f"GIT_PUSH_OPTION_{number}", "").partition("=")
        if key == "lockgate.bypass":
            return value
    return None


def _guard(top: Path, updates: list[_Update], *, bypass: str | None, there: str) -> int:
    """Judge every blob that the updates bring; a deleted reference brings nothing, nor does a commit that is ``there``.

    ``there``: git's option for the references that the receiving side has. A server has moved none of them yet when its
    hook is called, so a new branch or tag brings only what is new in it, never again what was let pass before.
    """
    project = project_at(top)
    git = Git(top, in_hook=True)  # a server quarantines incoming objects and names the place to its hook
    revisions: list[str] = []
    for update in updates:
        if set(update.new) <= _ZERO:
            continue
        revisions.append(update.new)
        if not set(update.old) <= _ZERO and git.try_text("cat-file", "-t", update.old):
            revisions.append(f"^{update.old}")
    if not revisions:
        return int(ExitCode.ALLOWED)
    settings = project.settings
    revisions += ["--not", there]
    source = HistorySource(
        git,
        revisions=tuple(revisions),
        excluded=excluder(settings.exclude),
        max_bytes=settings.limits.blob_bytes,
    )
    return _judge(project, [source], (Family.SECRETS,), bypass=bypass, at="push")


def _judge(
    project: Project, sources: list[Source], families: tuple[Family, ...], *, bypass: str | None, at: str
) -> int:
    from lockgate.reports import get as report

    prepare(project.workspace, tracked=project.tracks)
    results: list[Result] = []
    revision, branch = project.head()
    with (
        Ledger.open(project.workspace.folder) as ledger,
        Cache.open(project.workspace.cache_dir / "scans.db") as cache,
    ):
        request = Request(
            families=families,
            gate=project.settings.gate,
            options=project.scanner_options(),
            salt=salt_of(project.workspace),
            advisories=project.workspace.advisories,
            cache_dir=project.workspace.cache_dir,
            made_dir=machine_folder([project.top]),
            waivers=project.waivers(),
            owners=project.owners(),
            partial=True,
            revision=revision,
            branch=branch,
            tell=results.append,
        )
        if not request.advisories or not request.advisories.exists():
            request = replace(request, families=tuple(one for one in families if one is not Family.DEPENDENCIES))
            if Family.DEPENDENCIES in families:
                print("lockgate: dependencies are not judged here: no advisory store", file=sys.stderr)
        record = project.record()
        decision = judged(sources, request, record=record, ledger=ledger, cache=cache)
        code = exit_code(decision)
        if decision.verdict is not Verdict.ALLOW or code:
            report("terminal").write(results[0], sys.stderr)
        if code == ExitCode.DENIED and bypass is not None:
            return _bypassed(ledger, results[0], bypass, at=at)
    if code == ExitCode.DENIED:
        print(f"lockgate: this {at} is held back. Remove what was found; LOCKGATE_BYPASS='why' lets it pass, and is "
              "recorded.", file=sys.stderr)  # fmt: skip
    return code


def _bypassed(ledger: Ledger, result: Result, reason: str, *, at: str) -> int:
    if len(reason.strip()) < MIN_REASON:
        raise UsageError(f"a bypass needs a reason of at least {MIN_REASON} characters", where="LOCKGATE_BYPASS")
    denied = [identity for why in result.decision.reasons if why.verdict is Verdict.DENY for identity in why.identities]
    ledger.record_bypass(
        run=result.run.id, who=_who(), reason=reason.strip(), at=at, identities=tuple(dict.fromkeys(denied))
    )
    print(f"lockgate: {at} let pass and recorded: {safe(reason.strip())}", file=sys.stderr)
    return int(ExitCode.ALLOWED)


def _who() -> str:
    try:
        return os.environ.get("GIT_AUTHOR_EMAIL") or os.environ.get("REMOTE_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
