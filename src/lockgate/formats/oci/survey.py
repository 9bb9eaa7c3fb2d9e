"""An image as its checks see it: configuration, steps, layers, and the few entries of its layers that can be at fault.

``Surveyor`` is shown every entry of every layer and keeps what a check may speak of; ``Survey`` is the outcome, with a
form in JSON that rules have their samples in. Nothing is judged here: which setuid program is usual, how large a layer
may be and what a shell is called, the rules say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import capabilities
from lockgate.formats.oci._fields import mapping, number, rows, string_map, text, texts
from lockgate.formats.oci.configs import ImageConfig
from lockgate.formats.oci.history import Layer, instruction
from lockgate.formats.oci.layers.entries import Entry, Kind, shown_path

PATH = "image-survey.json"
"""What the survey is called as a file of an image."""
MAX_BYTES = 32 * 1024 * 1024
_MOST = 5_000
"""Entries of one kind that are kept; what is beyond is counted."""
_MOST_HIDDEN = 200
"""The largest files that no container sees."""
_SPECIAL_BITS = 0o6000
_FOLDERS = frozenset(
    f"{top}{name}"
    for top in ("", "usr/", "usr/local/", "opt/", "opt/local/")
    for name in ("bin", "sbin", "lib", "lib64", "libexec")
) | {"", "etc", "usr", "usr/local", "usr/share", "boot", "opt", "root", "var", "var/lib"}  # fmt: skip
"""Folders that only an administrator of a system writes to (FHS 3.0)."""
_PROGRAMS = ("bin/", "sbin/")
"""How a folder of programs ends."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the build."""

    text: str
    """As a Dockerfile has it."""
    layer: int = -1
    """The layer that it brought; -1 for none."""
    line: int = 0
    """Line of the Dockerfile, 0 when unknown."""


@dataclass(frozen=True, slots=True)
class SurveyedLayer:
    """One layer."""

    index: int
    digest: str = ""
    size: int = 0
    """Bytes of its files, unpacked."""
    hidden: int = 0
    """Of these, bytes that a later layer deletes or replaces."""
    files: int = 0


@dataclass(frozen=True, slots=True)
class SurveyedFile:
    """One entry that a container sees, and that a check may speak of."""

    path: str
    layer: int = 0
    kind: str = "file"
    """``file``, ``folder``, or what a special one is: ``character 1:3``."""
    mode: int = 0
    """``0o7777`` at most."""
    uid: int = 0
    gid: int = 0
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HiddenFile:
    """A file that no container sees, and that is pulled all the same."""

    path: str
    layer: int
    size: int
    by: int
    """The layer that deletes or replaces it."""


@dataclass(frozen=True, slots=True)
class Survey:
    """One image."""

    name: str = ""
    created: str = ""
    """RFC 3339, as written."""
    user: str = ""
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    healthcheck: tuple[str, ...] = ()
    is_root: bool = False
    """Whether it is the root of a file system, which has no configuration."""
    steps: tuple[Step, ...] = ()
    layers: tuple[SurveyedLayer, ...] = ()
    files: tuple[SurveyedFile, ...] = ()
    """What is setuid or setgid, may be written by everybody, is a device or has capabilities; system folders."""
    programs: Mapping[str, int] = field(default_factory=dict)
    """Path of everything in a folder of programs -> its layer."""
    hidden: tuple[HiddenFile, ...] = ()
    """The largest first."""
    left_out: int = 0
    """Entries that would stand in ``files`` and ``programs``, were there not too many."""


def to_json(survey: Survey) -> bytes:
    """The survey as :func:`read` takes it."""
    body = {
        "name": survey.name, "created": survey.created, "user": survey.user, "ports": survey.ports,
        "labels": dict(survey.labels), "healthcheck": survey.healthcheck, "isRoot": survey.is_root,
        "steps": [{"text": one.text, "layer": one.layer, "line": one.line} for one in survey.steps],
        "layers": [
            {"index": one.index, "digest": one.digest, "bytes": one.size, "hiddenBytes": one.hidden, "files": one.files}
            for one in survey.layers
        ],
        "files": [
            {"path": one.path, "layer": one.layer, "kind": one.kind, "mode": f"{one.mode:04o}", "uid": one.uid,
             "gid": one.gid, "capabilities": one.capabilities}
            for one in survey.files
        ],
        "programs": dict(survey.programs),
        "hidden": [{"path": o.path, "layer": o.layer, "bytes": o.size, "byLayer": o.by} for o in survey.hidden],
        "leftOut": survey.left_out,
    }  # fmt: skip
    return orjson.dumps(body)


def read(content: bytes) -> Survey:
    """The survey that ``content`` is; what is not stated has its default. Raises :class:`FormatError`."""
    body = json_safe.load(content, max_bytes=MAX_BYTES, max_depth=16)
    if not isinstance(body, dict):
        raise FormatError("the survey is no JSON object")
    return Survey(
        text(body, "name"), text(body, "created"), text(body, "user"), texts(body, "ports"),
        string_map(body, "labels"), texts(body, "healthcheck"), body.get("isRoot") is True,
        tuple(
            Step(text(one, "text"), _index(one, "layer", -1), _index(one, "line", 0)) for one in _rows(body, "steps")
        ),
        tuple(
            SurveyedLayer(
                _index(one, "index", 0), text(one, "digest"), _index(one, "bytes", 0), _index(one, "hiddenBytes", 0),
                _index(one, "files", 0),
            )
            for one in _rows(body, "layers")
        ),
        tuple(
            SurveyedFile(
                text(one, "path"), _index(one, "layer", 0), text(one, "kind") or "file", _mode(one),
                _index(one, "uid", 0), _index(one, "gid", 0), texts(one, "capabilities"),
            )
            for one in _rows(body, "files")
        ),
        {str(path): layer for path, layer in mapping(body, "programs").items() if isinstance(layer, int)},
        tuple(
            HiddenFile(text(one, "path"), number(one, "layer"), number(one, "bytes"), number(one, "byLayer"))
            for one in _rows(body, "hidden")
        ),
        _index(body, "leftOut", 0),
    )  # fmt: skip


def _rows(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = rows(body, name, most=100_000)
    if not all(isinstance(one, dict) for one in found):
        raise FormatError(f"'{name}' holds something other than objects")
    return found


def _index(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError(f"'{name}' is no number")
    return value


def _mode(body: Mapping[str, Any]) -> int:
    digits = text(body, "mode") or "0644"
    try:
        return int(digits, 8) & 0o7777
    except ValueError:
        raise FormatError("'mode' is no number in octal digits") from None


class Surveyor:
    """Sees the entries of an image's layers, from the top down, and keeps what checks may speak of."""

    def __init__(self) -> None:
        self._files: dict[str, SurveyedFile] = {}
        self._programs: dict[str, int] = {}
        self._hidden: list[HiddenFile] = []
        self._sizes: Counter[int] = Counter()
        self._wasted: Counter[int] = Counter()
        self._counts: Counter[int] = Counter()
        self._left_out = 0
        self._folders: set[str] = set()
        """Those that were met: a folder of a lower layer shows too, but with the mode that the uppermost gives it."""

    def meet(self, entry: Entry, layer: int, hidden_by: int | None) -> None:
        """One entry. ``hidden_by``: the later layer that hides it; None where a container sees it."""
        kind = entry.kind
        if kind is Kind.FILE:
            self._sizes[layer] += entry.size
            self._counts[layer] += 1
            if hidden_by is not None:
                self._wasted[layer] += entry.size
                self._keep_hidden(HiddenFile(shown_path(entry.path), layer, entry.size, hidden_by))
        if hidden_by is not None or kind in (Kind.WHITEOUT, Kind.OPAQUE, Kind.REFUSED):
            return
        if kind is Kind.FOLDER:
            if entry.path in self._folders:
                return
            self._folders.add(entry.path)
        elif kind is not Kind.SPECIAL:
            folder = entry.path[: entry.path.rfind("/") + 1]
            if folder.endswith(_PROGRAMS):
                self._put_program(shown_path(entry.path), layer)
        if self._speaks(entry):
            self._put_file(entry, layer)

    def survey(
        self, *, name: str, config: ImageConfig | None, layers: Sequence[Layer], lines: Mapping[int, int]
    ) -> Survey:
        """What was seen. ``lines``: of steps, as ``history.lines_of`` gives them; None as ``config``: a root."""
        brought = {layer.step: layer.index for layer in layers if layer.step >= 0}
        found = Survey(
            name,
            is_root=config is None,
            layers=tuple(self._layer(layer) for layer in layers),
            files=tuple(self._files[path] for path in sorted(self._files)),
            programs=dict(sorted(self._programs.items())),
            hidden=tuple(sorted(self._hidden, key=_by_size)[:_MOST_HIDDEN]),
            left_out=self._left_out,
        )
        if config is None:
            return found
        steps = tuple(
            Step(instruction(entry.created_by), brought.get(at, -1), lines.get(at, 0))
            for at, entry in enumerate(config.history)
        )
        return replace(
            found, created=config.created, user=config.user, ports=config.ports, labels=config.labels,
            healthcheck=config.healthcheck, steps=steps,
        )  # fmt: skip

    def _layer(self, layer: Layer) -> SurveyedLayer:
        at = layer.index
        return SurveyedLayer(at, layer.descriptor.digest, self._sizes[at], self._wasted[at], self._counts[at])

    def _speaks(self, entry: Entry) -> bool:
        kind, mode = entry.kind, entry.mode
        if kind is Kind.FILE:
            return bool(mode & (_SPECIAL_BITS | 0o002) or entry.capabilities)
        if kind is Kind.FOLDER:
            return (mode & 0o1002) == 0o002 or (entry.path in _FOLDERS and bool(entry.uid or mode & 0o022))
        return kind is Kind.SPECIAL and entry.target.startswith(("character", "block"))

    def _put_file(self, entry: Entry, layer: int) -> None:
        path = shown_path(entry.path)
        if path in self._files:  # a layer above has it already, or this one brings it twice
            return
        if len(self._files) >= _MOST:
            self._left_out += 1
            return
        kind = entry.target if entry.kind is Kind.SPECIAL else entry.kind.value
        self._files[path] = SurveyedFile(
            path, layer, kind, entry.mode, entry.uid, entry.gid, capabilities.names_of(entry.capabilities)
        )

    def _put_program(self, path: str, layer: int) -> None:
        if path in self._programs:
            return
        if len(self._programs) >= 4 * _MOST:
            self._left_out += 1
            return
        self._programs[path] = layer

    def _keep_hidden(self, one: HiddenFile) -> None:
        self._hidden.append(one)
        if len(self._hidden) > 4 * _MOST_HIDDEN:
            self._hidden = sorted(self._hidden, key=_by_size)[:_MOST_HIDDEN]


def _by_size(one: HiddenFile) -> tuple[int, str, int]:
    return -one.size, one.path, one.layer

