"""Checks on package managers: caches left in layers, versions left open, upgrades, questions asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from lockgate.formats.dockerfile import Command, Instruction, Stage
from lockgate.scanners.dockerfiles.view import Check, Hit, View, at_command

_APT = ("apt-get", "apt", "aptitude")
_YUM = ("yum", "dnf", "tdnf", "microdnf")
_VALUED = frozenset(
    [
        "-o",
        "-t",
        "-c",
        "-r",
        "-e",
        "-i",
        "-f",
        "--option",
        "--target-release",
        "--requirement",
        "--constraint",
        "--editable",
        "--index-url",
        "--find-links",
        "--extra-index-url",
        "--repository",
        "--virtual",
        "-X",
        "--prefix",
        "--target",
        "--registry",
        "--trusted-host",
        "--platform",
        "-v",
        "--version",
        "--source",
        "--cache-dir",
        "--python",
        "--with-requirements",
    ]
)


def _verb(command: Command) -> str:
    """The first argument that is no option."""
    return next(iter(_plain(command)), "")


def _plain(command: Command) -> list[str]:
    words: list[str] = []
    skip = False
    for word in command.args:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in _VALUED and not (command.program in _APT and word == "-f")
        else:
            words.append(word)
    return words


def _packages(command: Command) -> list[str]:
    return [word for word in _plain(command)[1:] if word and "$" not in word and "`" not in word]


def _installs(view: View, programs: tuple[str, ...], verbs: tuple[str, ...]) -> Iterator[
    tuple[Stage, Instruction, Command, tuple[Command, ...]]
]:  # fmt: skip
    for stage, step, found in view.runs:
        for command in found:
            if command.program in programs and _verb(command) in verbs:
                yield stage, step, command, found


def _cache_mounted(step: Instruction, *folders: str) -> bool:
    mounts = [value for name, value in step.flags if name == "mount" and ("type=cache" in value or "tmpfs" in value)]
    return any(folder in mount for mount in mounts for folder in folders)


def _essence(command: Command) -> str:
    """Program, verb and the packages without versions, sorted: an added option or bump is the same command."""
    names = sorted(
        re.split(r"[=<>~!\[@]", word[1:], maxsplit=1)[0] for word in (" " + name for name in _packages(command))
    )
    return f"{command.program} {_verb(command)} {' '.join(names)}"


def _hit(stage: Stage, command: Command, text: str, **more: object) -> Hit:
    return at_command(stage, command, detail=text, essence=_essence(command), **more)


def _removes(found: tuple[Command, ...], *places: str) -> bool:
    for previous, command in pairwise((Command(()), *found)):
        if command.program in ("rm", "find"):
            joined = " ".join(command.args)
            if any(place in joined for place in places):
                return True
            if previous.program == "cd" and any(
                place.startswith(base.rstrip("/") + "/")
                and place[len(base.rstrip("/")) + 1 :].split("/")[0] in command.args
                for base in previous.args
                for place in places
            ):
                return True
    return False


def apt_cache(view: View) -> Iterator[Hit]:
    for stage, step, command, found in _installs(view, _APT, ("install", "build-dep")):
        if _removes(found, "/var/lib/apt") or _cache_mounted(step, "/var/lib/apt"):
            continue
        if any(other.program in _APT and _verb(other) == "update" for other in found):
            yield _hit(
                stage, command, "The package lists that apt fetched stay in the layer.", edits=_lists(view, step)
            )


def _lists(view: View, step: Instruction) -> tuple:  # type: ignore[type-arg]
    """Appends the removal to a RUN of one line in shell form."""
    if step.json is not None or step.heredocs or step.line != step.end_line or "#" in step.text or "|" in step.text:
        return ()
    return view.replace(step.line, old=step.text, new=f"{step.text.rstrip('; ')} && rm -rf /var/lib/apt/lists/*")


def apk_cache(view: View) -> Iterator[Hit]:
    for stage, step, command, found in _installs(view, ("apk",), ("add",)):
        if command.has("--no-cache") or _removes(found, "/var/cache/apk") or _cache_mounted(step, "/apk"):
            continue
        edits = view.replace(command.line, old="apk add ", new="apk add --no-cache ")
        yield _hit(stage, command, "apk keeps its index in the layer.", edits=edits)


def yum_cache(view: View) -> Iterator[Hit]:
    for stage, step, command, found in _installs(view, _YUM, ("install", "update", "upgrade", "groupinstall")):
        cleaned = any(other.program in _YUM and _verb(other) == "clean" for other in found)
        if (
            not cleaned
            and not _removes(found, "/var/cache/yum", "/var/cache/dnf", "/var/cache")
            and not _cache_mounted(step, "/var/cache")
        ):
            yield _hit(stage, command, f"{command.program} keeps its cache in the layer.")


def pip_cache(view: View) -> Iterator[Hit]:
    off = {stage.index for stage, step in view.of("ENV", "ARG") for name, _ in step.pairs if name == "PIP_NO_CACHE_DIR"}
    for stage, step, command in _pip(view):
        inherited = any(one.index in off for one in view.lineage(stage))
        if inherited or command.has("--no-cache-dir") or _cache_mounted(step, "pip", "/root/.cache"):
            continue
        if any(name == "PIP_NO_CACHE_DIR" for name, _ in command.environment):
            continue
        edits = view.replace(command.line, old="pip install ", new="pip install --no-cache-dir ")
        yield _hit(stage, command, "pip keeps its downloads in the layer.", edits=edits)


def _pip(view: View) -> Iterator[tuple[Stage, Instruction, Command]]:
    for stage, step, found in view.runs:
        for command in found:
            if re.fullmatch(r"pip[\d.]*", command.program) and _verb(command) == "install":
                yield stage, step, command
            elif re.fullmatch(r"python[\d.]*", command.program) and command.args[:3] == ("-m", "pip", "install"):
                yield stage, step, Command(("pip", *command.args[2:]), command.environment, command.line, command.pipe)


def npm_cache(view: View) -> Iterator[Hit]:
    for stage, step, command, found in _installs(view, ("npm", "yarn"), ("install", "i", "ci", "add")):
        cleaned = any(
            other.program in ("npm", "yarn") and _plain(other)[:2] in (["cache", "clean"],) for other in found
        )
        if (
            not cleaned
            and stage is view.final
            and not _removes(found, ".npm")
            and not _cache_mounted(step, ".npm", "yarn", "/root/.cache")
        ):
            yield _hit(stage, command, f"{command.program} keeps its downloads in the final image.")


def apt_no_yes(view: View) -> Iterator[Hit]:
    for stage, _, command, _ in _installs(view, ("apt-get", "apt"), ("install", "upgrade", "dist-upgrade")):
        if command.has("-y", "--yes", "--assume-yes", "-q=2", "-qq", "--force-yes") or any(
            re.fullmatch(r"-[a-zA-Z]*y[a-zA-Z]*", word) or word in ("-yqq", "-qqy") for word in command.args
        ):
            continue
        if not any("Assume-Yes" in word for word in command.args):
            text = "apt asks a question that nobody answers in a build."
            verb = _verb(command)
            edits = view.replace(command.line, old=f"{command.program} {verb} ", new=f"{command.program} {verb} -y ")
            yield _hit(stage, command, text, edits=edits)


def apt_recommends(view: View) -> Iterator[Hit]:
    for stage, _, command, _ in _installs(view, _APT, ("install",)):
        if not command.has("--no-install-recommends") and not any(
            "Install-Recommends=" in word for word in command.args
        ):
            edits = view.replace(
                command.line,
                old=f"{command.program} install ",
                new=f"{command.program} install --no-install-recommends ",
            )
            yield _hit(stage, command, "apt installs packages that nobody asked for.", edits=edits)


def apt_interactive(view: View) -> Iterator[Hit]:
    """``apt`` is meant for people: its command line is not stable (its own manual says so)."""
    for stage, step, found in view.runs:
        for command in found:
            if command.program == "apt" and _verb(command) in ("install", "update", "upgrade", "remove", "purge"):
                yield _hit(stage, command, "apt is made for people; apt-get is the one for scripts.")
        del step


def system_upgrade(view: View) -> Iterator[Hit]:
    for stage, _, command, _ in _installs(view, _APT, ("upgrade", "dist-upgrade", "full-upgrade")):
        yield _hit(stage, command, "What the upgrade brings differs with the day of the build.")


def update_alone(view: View) -> Iterator[Hit]:
    """A package list refreshed in one layer and used in another is stale once the first layer comes from a cache."""
    uses = (
        "install",
        "add",
        "upgrade",
        "dist-upgrade",
        "source",
        "reinstall",
        "full-upgrade",
        "groupinstall",
        "build-dep",
    )
    for stage, _, found in view.runs:
        for place, command in enumerate(found):
            if command.program not in (*_APT, "apk", *_YUM) or _verb(command) != "update":
                continue
            if command.program in _YUM and command.program != "apk":
                continue  # here update means upgrade
            later = any(_verb(other) in uses for other in found[place + 1 :] if other.program in (*_APT, "apk"))
            if not later and not command.has("--no-cache"):
                yield _hit(stage, command, "The package list is refreshed in a layer that installs nothing.")


def _unpinned(programs: tuple[str, ...], verbs: tuple[str, ...], pinned: Callable[[str], bool], text: str) -> Check:
    def check(view: View) -> Iterator[Hit]:
        for stage, _, command, _ in _installs(view, programs, verbs):
            loose = [name for name in _packages(command) if not pinned(name)]
            if loose:
                yield _hit(stage, command, f"{text}: {', '.join(loose[:5])}{', ...' if len(loose) > 5 else ''}.")

    return check


def _is_file(name: str) -> bool:
    return name.startswith((".", "/", "http://", "https://", "git+", "file:", "~")) or name.endswith(
        (".deb", ".rpm", ".whl", ".tgz", ".tar.gz", ".apk", ".gem", ".zip")
    )


def pip_unpinned(view: View) -> Iterator[Hit]:
    for stage, _, command in _pip(view):
        if command.has("-r", "--requirement", "-c", "--constraint", "-e", "--editable", "--require-hashes"):
            continue
        loose = [n for n in _packages(command) if "==" not in n and not _is_file(n) and n not in ("pip", "<", ">")]
        if loose:
            yield _hit(stage, command, f"pip installs whatever version is newest: {', '.join(loose[:5])}.")


def gem_unpinned(view: View) -> Iterator[Hit]:
    for stage, _, command, _ in _installs(view, ("gem",), ("install",)):
        loose = [name for name in _packages(command) if ":" not in name and not _is_file(name)]
        if loose and not command.has("-v", "--version"):
            yield _hit(stage, command, f"gem installs whatever version is newest: {', '.join(loose[:5])}.")


def npm_install_not_ci(view: View) -> Iterator[Hit]:
    for stage, _, command, _ in _installs(view, ("npm",), ("install", "i")):
        if not _packages(command) and not command.has("-g", "--global"):
            yield _hit(stage, command, "npm install may change what the lock file says; npm ci may not.")


CHECKS: dict[str, Check] = {
    "apt_cache": apt_cache,
    "apk_cache": apk_cache,
    "yum_cache": yum_cache,
    "pip_cache": pip_cache,
    "npm_cache": npm_cache,
    "apt_no_yes": apt_no_yes,
    "apt_recommends": apt_recommends,
    "apt_interactive": apt_interactive,
    "system_upgrade": system_upgrade,
    "update_alone": update_alone,
    "pip_unpinned": pip_unpinned,
    "gem_unpinned": gem_unpinned,
    "npm_install_not_ci": npm_install_not_ci,
    "apt_unpinned": _unpinned(
        _APT, ("install",), lambda name: "=" in name or _is_file(name) or "/" in name,
        "apt installs whatever version is newest",
    ),
    "apk_unpinned": _unpinned(
        ("apk",), ("add",), lambda name: bool(re.search(r"[=<>~]", name)) or _is_file(name) or name.startswith("."),
        "apk installs whatever version is newest",
    ),
    "npm_unpinned": _unpinned(
        ("npm", "yarn", "pnpm"), ("install", "i", "add"),
        lambda name: bool(re.search(r".@[\d^~=v]", name)) or _is_file(name) or name == "global",
        "The package manager installs whatever version is newest",
    ),
}  # fmt: skip
