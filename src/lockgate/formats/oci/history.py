"""Which step of a build brought which layer, and which line of a Dockerfile that is.

Builders write a step down in ways of their own; :func:`instruction` brings them to what stands in a Dockerfile. What
stands there twice is told apart by order: a Dockerfile is laid along the history from its end, as a base image stands
before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from lockgate.dataclass import dataclass
from lockgate.formats.dockerfile import Dockerfile
from lockgate.formats.oci.configs import HistoryEntry, ImageConfig
from lockgate.formats.oci.manifests import Descriptor, Manifest
from lockgate.lazy_pattern import lazy_pattern

_KEYWORDS = frozenset(
    ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN",
     "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")
)  # fmt: skip
_ARGUMENTS = lazy_pattern(r"\|(\d{1,4}) ")
_SHELL = lazy_pattern(r"(?:/bin/)?(?:ba|da)?sh (?:-[a-z]+ (?:pipefail )?)*?-[a-z]*c ")
_BLANKS = lazy_pattern(r"[\s\\]+")
_MARK = lazy_pattern(r"(?:(?:file|dir|multi):)?[0-9a-f]{64} in ")  # buildah writes the digest alone for an address
_FLAG = lazy_pattern(r"--[a-z-]+(?:=\S*)?\s+")
_LONGEST = 4_096
"""Characters of an instruction that are compared; two that agree so far are one."""
_NEAR = 3
"""Steps that are looked at for one instruction: builders put few between those of a Dockerfile."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image, with what is known of its making."""

    index: int
    """From 0, the base."""
    descriptor: Descriptor
    diff_id: str
    """Digest of the layer unpacked; empty where the configuration names none."""
    step: int = -1
    """Place in the history; -1 where the history does not tell."""
    instruction: str = ""
    """The step as a Dockerfile has it; empty where the history does not tell."""
    created: str = ""
    line: int = 0
    """Line of the Dockerfile (:func:`lines_of`); 0 where none was given, or the step is the base image's."""


def layers_of(
    manifest: Manifest, config: ImageConfig, lines: Mapping[int, int] = MappingProxyType({})
) -> tuple[Layer, ...]:
    """The layers from the base up. ``lines``: of steps, as :func:`lines_of` gives them.

    Where the history has not one step for each layer (some builders write none, or squash), nothing is said of steps:
    a guess would blame the wrong one.
    """
    steps = [number for number, entry in enumerate(config.history) if not entry.empty_layer]
    told = len(steps) == len(manifest.layers)
    digests = config.diff_ids if len(config.diff_ids) == len(manifest.layers) else ("",) * len(manifest.layers)
    found = []
    for index, (descriptor, diff_id) in enumerate(zip(manifest.layers, digests, strict=True)):
        if told:
            entry = config.history[steps[index]]
            made = instruction(entry.created_by)
            line = lines.get(steps[index], 0)
            found.append(Layer(index, descriptor, diff_id, steps[index], made, entry.created, line))
        else:
            found.append(Layer(index, descriptor, diff_id))
    return tuple(found)


def instruction(created_by: str) -> str:
    """A step as a Dockerfile has it, on one line: ``RUN apt-get update``, ``COPY . /app``.

    Reads what BuildKit, Docker's older builder, buildah and kaniko write. What none of them wrote stays as it is.
    """
    text = created_by.strip()
    text = text.removesuffix("# buildkit").rstrip()
    keyword, _, rest = text.partition(" ")
    if keyword in _KEYWORDS and keyword != "RUN":
        return _joined(keyword, rest)
    if keyword == "RUN":
        text = rest.strip()
    text = _without_arguments(text)
    shell = _SHELL.match(text)
    if shell is not None:
        text = text[shell.end() :].strip()
        if text.startswith("#(nop)"):
            keyword, _, rest = text.removeprefix("#(nop)").strip().partition(" ")
            return _joined(keyword, rest)
        return _joined("RUN", text)
    return _joined("RUN", text) if keyword == "RUN" else _joined("", text)


def _without_arguments(text: str) -> str:
    """Without ``|2 NAME=value OTHER=value``, which builders put before a command for its build arguments."""
    counted = _ARGUMENTS.match(text)
    shell = _SHELL.search(text, counted.end()) if counted is not None else None
    return text[shell.start() :] if shell is not None else text


def _joined(keyword: str, rest: str) -> str:
    return f"{keyword} {_BLANKS.sub(' ', rest).strip()}".strip()


def lines_of(history: Sequence[HistoryEntry], dockerfile: Dockerfile) -> dict[int, int]:
    """Step of the history -> line, for the steps that the last stage of ``dockerfile`` brought.

    Laid along from the end, since what stands before is the base image's. An instruction that no step near agrees with
    left no trace in the image (an ``ARG`` in some builders, ``SHELL`` in others) and is passed over.
    """
    if not dockerfile.stages:
        return {}
    found: dict[int, int] = {}
    at = len(history) - 1
    for one in reversed(dockerfile.stages[-1].instructions):
        if one.keyword == "FROM":
            continue
        wanted = {_comparable(f"{one.keyword} {text}") for text in (one.text, " ".join(one.words))}
        near = range(at, max(at - _NEAR, -1), -1)
        step = next((number for number in near if _agrees(_step(history[number]), wanted)), None)
        if step is not None:
            found[step] = one.line
            at = step - 1
    return found


def _step(entry: HistoryEntry) -> str:
    return _comparable(instruction(entry.created_by))


def _comparable(text: str) -> str:
    """An instruction without what builders write in other ways: blanks, quotes, flags, digests of what was copied."""
    keyword, _, rest = _BLANKS.sub(" ", text[:_LONGEST]).strip().partition(" ")
    rest = rest.lstrip()
    while (flag := _FLAG.match(rest)) is not None:
        rest = rest[flag.end() :]
    if keyword in ("COPY", "ADD"):
        marked = _MARK.match(rest)
        rest = f"* {rest[marked.end() :]}" if marked is not None else rest
    return f"{keyword.upper()} {rest.translate(_QUIET)}"


_QUIET = str.maketrans("", "", " \"'[],\\")


def _agrees(step: str, written: Collection[str]) -> bool:
    if step in written:
        return True
    keyword, _, rest = step.partition(" ")
    if rest.startswith("*"):  # the older builder kept the target, and a digest of what was copied
        return any(one.startswith(f"{keyword} ") and one.endswith(rest[1:]) for one in written)
    return keyword == "ENV" and step.replace("=", "") in {one.replace("=", "") for one in written}
