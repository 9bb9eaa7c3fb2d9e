"""What a check sees of one Dockerfile, and what it answers. No judging here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.dockerfile import Command, Dockerfile, Instruction, Stage, commands
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Edit

_NONROOT_TAG = lazy_pattern(r"(?:^|[-_.])(?:nonroot|rootless|unprivileged)(?:$|[-_.])")


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule is broken."""

    stage: Stage | None
    """None: the file as a whole."""
    essence: str
    """What identifies the fault within its stage; never a line, never a secret, never a version that comes and goes."""
    line: int
    end_line: int
    detail: str
    """The sentence for a person."""
    edits: tuple[Edit, ...] = ()
    hide: tuple[str, ...] = ()
    """Values that must not show in the snippet."""


@dataclass(frozen=True)
class View:
    """One file under judgement."""

    path: str
    file: Dockerfile
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def steps(self) -> tuple[tuple[Stage, Instruction], ...]:
        """Every instruction with its stage."""
        return tuple((stage, step) for stage in self.file.stages for step in stage.instructions)

    @cached_property
    def runs(self) -> tuple[tuple[Stage, Instruction, tuple[Command, ...]], ...]:
        """Every RUN with its simple commands."""
        return tuple((stage, step, commands(step)) for stage, step in self.steps if step.keyword == "RUN")

    @property
    def final(self) -> Stage:
        """The stage that a build without ``--target`` gives."""
        return self.file.stages[-1]

    def of(self, *keywords: str) -> Iterator[tuple[Stage, Instruction]]:
        """The instructions of some kinds."""
        return ((stage, step) for stage, step in self.steps if step.keyword in keywords)

    def lineage(self, stage: Stage) -> list[Stage]:
        """The stage, what it builds on, down to the stage whose base is an image."""
        chain, seen = [stage], {stage.index}
        while chain[-1].parent is not None and chain[-1].parent not in seen:
            seen.add(chain[-1].parent)
            chain.append(self.file.stages[chain[-1].parent])
        return chain

    def replace(self, line: int, *, old: str, new: str) -> tuple[Edit, ...]:
        """An edit of one line, or none when ``old`` does not stand there exactly once."""
        text = self.file.lines[line - 1] if 0 < line <= len(self.file.lines) else ""
        if text.count(old) != 1:
            return ()
        return (Edit(self.path, line, line, text.replace(old, new), text),)


def at(stage: Stage | None, step: Instruction, essence: str, *, detail: str, **more: Any) -> Hit:
    """A hit on a whole instruction."""
    return Hit(stage, f"{step.keyword} {essence}", step.line, step.end_line, detail, **more)


def at_command(stage: Stage, command: Command, *, detail: str, essence: str = "", **more: Any) -> Hit:
    """A hit on one command of a RUN."""
    text = essence or " ".join(command.words)
    return Hit(stage, f"RUN {text}", command.line, command.line, detail, **more)


Check = Callable[[View], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Image:
    """A reference to an image, taken apart (https://pkg.go.dev/github.com/distribution/reference)."""

    registry: str
    """Host; ``docker.io`` when none is written."""
    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """Without tag and digest."""
        return self.repository if self.registry == "docker.io" else f"{self.registry}/{self.repository}"


def image(reference: str) -> Image:
    """Take a reference apart."""
    rest, _, digest = reference.partition("@")
    head, slash, tail = rest.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, rest = head.lower(), tail
    else:
        registry = "docker.io"
    repository, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = rest, ""
    return Image(registry, repository.removeprefix("library/"), tag, digest)


def runs_as_nonroot(base: Image) -> bool:
    """Whether the tag says that the image has a user of its own (distroless and its followers)."""
    return bool(_NONROOT_TAG.search(base.tag)) or "unprivileged" in base.repository
