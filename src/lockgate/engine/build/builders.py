"""The programs that build images, each with the flags that make the same image of the same source.

Source: buildah-build(1) and podman-build(1) (``--timestamp``); BuildKit, docs/build-repro.md (``SOURCE_DATE_EPOCH``,
``rewrite-timestamp``). Each leaves an OCI layout.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.image.places import Place, place_of

_TAG = "built"
_SECONDS = 20
_VERSION = lazy_pattern(r"\b([0-9]{1,4})\.([0-9]{1,4})")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be built."""

    context: Path
    dockerfile: Path
    epoch: int
    labels: Mapping[str, str]
    arguments: Mapping[str, str]
    """Of the build (``ARG``); everybody can read them in the image."""
    target: str = ""
    """Stage; empty: the last."""
    platform: str = ""
    seconds: float = 3600.0
    """Longest time that a builder may take."""


@dataclass(frozen=True, slots=True)
class Builder:
    """One program."""

    name: str
    program: str
    commands: Callable[[Plan, Path], list[list[str]]]
    """What to run, one after the other, to have an image in a folder: a layout, or one in ``image.tar``."""
    install: str
    """How to have it, for people."""
    probe: tuple[str, ...] = ("--version",)
    keeps: bool = False
    """Whether the image stays in a store of its own, from which it is removed."""
    oldest: tuple[int, int] = (0, 0)
    """The first version that knows all flags."""

    @property
    def needs(self) -> str:
        """The program, as it must be, for people."""
        return f"{self.program} {self.oldest[0]}.{self.oldest[1]} or newer" if self.oldest > (0, 0) else self.program

    def is_too_old(self, version: str) -> bool:
        """Whether what it says it is is older than it must be; what says no version is believed."""
        found = _VERSION.search(version)
        return found is not None and (int(found[1]), int(found[2])) < self.oldest

    def version(self) -> str:
        """What it says it is, in a line; empty where it is not there or does not answer."""
        if shutil.which(self.program) is None:
            return ""
        try:
            done = subprocess.run(
                [self.program, *self.probe], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        told = done.stdout.strip().splitlines()
        return told[0][:200] if done.returncode == 0 and told else ""


def _containers(program: str) -> Callable[[Plan, Path], list[list[str]]]:
    """buildah's and podman's."""

    def commands(plan: Plan, folder: Path) -> list[list[str]]:
        build = [program, "build", "--format", "oci", "--timestamp", str(plan.epoch), "--no-cache"]
        build += [f"--label={name}={value}" for name, value in plan.labels.items()]
        build += [f"--build-arg={name}={value}" for name, value in plan.arguments.items()]
        build += [f"--target={plan.target}"] if plan.target else []
        build += [f"--platform={plan.platform}"] if plan.platform else []
        build += ["--identity-label=false"]  # else its version is in the image
        name = _kept_as(folder)
        build += ["--file", str(plan.dockerfile), "--tag", name, str(plan.context)]
        return [build, [program, "push", name, f"oci:{folder / 'layout'}:{_TAG}"]]

    return commands


def _kept_as(folder: Path) -> str:
    """What an image that is built in ``folder`` is called in the builder's own store."""
    # Names of temporary folders may end in what a name of an image may not.
    return f"localhost/lockgate-build-{hashlib.sha256(folder.name.encode()).hexdigest()[:16]}"


def _buildctl(plan: Plan, folder: Path) -> list[list[str]]:
    command = ["buildctl", "build", "--frontend", "dockerfile.v0", "--no-cache", "--local", f"context={plan.context}",
               "--local", f"dockerfile={plan.dockerfile.parent}", "--opt", f"filename={plan.dockerfile.name}",
               "--opt", f"build-arg:SOURCE_DATE_EPOCH={plan.epoch}"]  # fmt: skip
    options = {f"label:{name}": value for name, value in plan.labels.items()}
    options |= {f"build-arg:{name}": value for name, value in plan.arguments.items()}
    options |= {"target": plan.target} if plan.target else {}
    options |= {"platform": plan.platform} if plan.platform else {}
    for name, value in options.items():
        command += ["--opt", f"{name}={value}"]
    return [[*command, "--output", f"type=oci,dest={folder / 'image.tar'},rewrite-timestamp=true"]]


def _buildx(plan: Plan, folder: Path) -> list[list[str]]:
    command = ["docker", "buildx", "build", "--no-cache", "--provenance=false", "--sbom=false",
               "--build-arg", f"SOURCE_DATE_EPOCH={plan.epoch}", "--file", str(plan.dockerfile)]  # fmt: skip
    command += [f"--label={name}={value}" for name, value in plan.labels.items()]
    command += [f"--build-arg={name}={value}" for name, value in plan.arguments.items()]
    command += [f"--target={plan.target}"] if plan.target else []
    command += [f"--platform={plan.platform}"] if plan.platform else []
    return [[*command, "--output", f"type=oci,dest={folder / 'image.tar'},rewrite-timestamp=true", str(plan.context)]]


BUILDERS: Mapping[str, Builder] = {
    one.name: one
    for one in (
        Builder("buildah", "buildah", _containers("buildah"), "apt-get install buildah", keeps=True, oldest=(1, 26)),
        Builder("podman", "podman", _containers("podman"), "apt-get install podman", keeps=True, oldest=(4, 1)),
        Builder("buildkit", "buildctl", _buildctl, "https://github.com/moby/buildkit, with buildkitd running"),
        Builder("docker", "docker", _buildx, "Docker 23 or newer with buildx and a builder of its docker-container "
                "driver (docker buildx create --use)", ("buildx", "version")),
    )
}  # fmt: skip
"""In the order in which they are looked for."""


def chosen(name: str) -> tuple[Builder, str]:
    """The builder called ``name``, or with ``auto`` the first that is there; and its version.

    Raises ``UsageError``, which says what is missing and how to have it.
    """
    for one in BUILDERS.values() if name == "auto" else (BUILDERS[name],):
        version = one.version()
        if version and not one.is_too_old(version):
            return one, version
    if name != "auto":
        one = BUILDERS[name]
        missing = f"{one.program} is not there" if shutil.which(one.program) is None else f"{one.program} does not work"
        missing = f"{one.needs} is needed, and this is {version[:60]}" if version else missing
        raise UsageError(f"{missing}: nothing can be built with {name}", where="--builder", hint=one.install)
    hint = "; ".join(f"{one.name}: {one.install}" for one in BUILDERS.values())
    raise UsageError("no program that builds images is there", where="PATH", hint=hint)


def run(builder: Builder, plan: Plan, folder: Path, *, environment: Mapping[str, str], output: IO[str]) -> Place:
    """Build, and the place of the image. ``output`` takes what the builder says. Raises ``SourceError``."""
    surroundings = {**environment, "SOURCE_DATE_EPOCH": str(plan.epoch)}
    try:
        for command in builder.commands(plan, folder):
            _ran(command, surroundings, plan.seconds, output)
    finally:
        if builder.keeps:
            _removed([builder.program, "rmi", "--force", _kept_as(folder)], surroundings)
    archive = folder / "image.tar"
    named = place_of(str(archive) if archive.is_file() else f"oci:{folder / 'layout'}")
    if named is None or named.place is None:
        raise SourceError("the builder left no image", where=builder.name)
    return named.place


def _removed(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Of what is not there nothing is said: the build failed before, and that is told."""
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)


def _ran(command: Sequence[str], environment: Mapping[str, str], seconds: float, output: IO[str]) -> None:
    output.flush()
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=seconds,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SourceError(f"it took longer than {seconds:.0f} s", where=command[0], hint="--timeout SECONDS") from None
    except OSError as error:
        raise SourceError(error.strerror or "cannot be run", where=command[0]) from None
    if done.returncode:
        hint = "what it said stands above"
        raise SourceError(f"{' '.join(command[:2])} failed with code {done.returncode}", where=command[0], hint=hint)
