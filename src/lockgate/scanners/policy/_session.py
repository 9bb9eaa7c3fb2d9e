"""The work of the scanner: objects out of a file, policies put to each, findings with their lines."""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lockgate import __version__
from lockgate.errors import NothingCheckedError
from lockgate.formats import manifests
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.policy.catalogue import Policies
from lockgate.policy.catalogue.finding import finding
from lockgate.scanners import ScanContext

_CACHE_NAME = "policies.bin"
_STAMP = f"{__version__} {sys.version}"


@dataclass(slots=True)
class _Session:
    policies: Policies

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge every object of one file."""
        content = row.load()
        reading = manifests.read(row.path, content)
        yield from reading.skips
        lines: list[str] | None = None
        for judged in reading.objects:
            hits = self.policies.judge(judged)
            if hits and lines is None:
                lines = content.decode("utf-8", "replace").splitlines()
            for hit in hits:
                if hit.failed:
                    line = judged.line_of(hit.pointer)
                    yield Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY, line)
                else:
                    yield finding(hit, judged, lines or ())

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Empty: the engine counts the files of cacheable scanners itself."""
        return ""


def start(rules: Sequence[Rule], context: ScanContext) -> _Session:
    """Compile the policies, or take them from the cache. Raises ``NothingCheckedError`` when there is none."""
    if not rules:
        raise NothingCheckedError("there is no policy", hint="reinstall lockgate: its rules are missing")
    own = [rule for rule in rules if "types" not in rule.logic]
    path = context.cache_dir / _CACHE_NAME if context.cache_dir is not None else None
    compiled = _read(path)
    before = len(compiled)
    policies = Policies(own, context.options, compiled=compiled)
    if path is not None and len(compiled) != before:
        _write(path, compiled)
    return _Session(policies)


def _read(path: Path | None) -> dict[str, bytes]:
    """What an earlier run compiled under the same versions of Python and of Lockgate; empty when there is none."""
    if path is None:
        return {}
    try:
        stamp, held = marshal.loads(path.read_bytes())  # noqa: S302 -- the workspace is the user's own, never the tree's
    except (OSError, ValueError, TypeError, EOFError):
        return {}
    return held if stamp == _STAMP and isinstance(held, dict) else {}


def _write(path: Path, compiled: dict[str, bytes]) -> None:
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, never an answer
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(marshal.dumps((_STAMP, compiled)))
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
