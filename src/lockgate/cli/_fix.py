"""Applies the safe edits of findings: shows them as a diff, asks, writes each file whole or not at all.

An edit whose expected text no longer stands there is refused, and so is one that overlaps another.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lockgate.cli._text import safe
from lockgate.errors import UsageError
from lockgate.formats.lockfiles import manifest_edit
from lockgate.model import Edit, Family, File, Result


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after."""

    path: str
    before: str
    after: str


def apply_fixes(result: Result, top: Path, *, ask: bool) -> int:
    """Offer every safe edit of open findings; returns how many files were written."""
    edits = [edit for one in result.findings if not one.waived and one.finding.fix for edit in one.finding.fix.edits]
    changes, refused = planned([*edits, *version_bumps(result, top), *pins(result, top)], top)
    for change in changes:
        _show(change)
    for path, reason in refused:
        print(f"not fixed: {safe(path)}: {reason}", file=sys.stderr)
    if not changes:
        print("nothing to fix by machine; the findings say what to do by hand", file=sys.stderr)
        return 0
    if ask and not _agreed(len(changes)):
        print("nothing was written", file=sys.stderr)
        return 0
    for change in changes:
        _write(top / change.path, change.after)
    print(f"fixed {len(changes)} file(s); check again to see what is left", file=sys.stderr)
    return len(changes)


def version_bumps(result: Result, top: Path) -> list[Edit]:
    """Edits of manifests that raise vulnerable components to the smallest version without a known flaw.

    A component that only a lock file names gives none: its own tool has to write the lock (the finding says how).
    """
    wanted: dict[tuple[str, str, str], str] = {}
    for one in result.findings:
        finding = one.finding
        target = finding.fact("fixes-all") or finding.fact("fixed-in")
        if finding.family is Family.DEPENDENCIES and not one.waived and target:
            for place in one.locations:
                wanted[place.path, finding.fact("package"), finding.fact("version")] = target
    edits = []
    for component in result.components:
        target = wanted.get((component.path, component.name, component.version), "")
        path = top / component.path
        if target and path.is_file() and not path.is_symlink():
            edits.append(manifest_edit(component.path, path.read_bytes(), component, target))
    return [edit for edit in edits if edit is not None]


_PINNABLE = frozenset({
    "workflows/unpinned-uses", "workflows/unpinned-images", "workflows/azure-image-without-digest",
    "dockerfiles/base-without-digest",
})  # fmt: skip
_PIN_FILE_BYTES = 1024 * 1024


def pins(result: Result, top: Path) -> list[Edit]:
    """Edits that pin actions and images by what the tree itself, or its ``lockgate-pins.txt``, tells of them."""
    from lockgate.formats.pins import known_pins

    open_ones = [one for one in result.findings if not one.waived and one.finding.rule in _PINNABLE]
    if not open_ones:
        return []
    texts = _texts_with_pins(top)
    known = known_pins(texts.values())
    edits = []
    for place in (place for one in open_ones for place in one.locations):
        lines = texts.get(place.path, "").splitlines()
        if 0 < place.line <= len(lines):
            edits.append(known.edit(place.path, place.line, lines[place.line - 1]))
    return [edit for edit in edits if edit is not None]


def _texts_with_pins(top: Path) -> dict[str, str]:
    from lockgate.formats.pins import FILE_NAME
    from lockgate.sources.repository import TreeSource

    def wants(path: str, size: int) -> bool:
        name = path.rpartition("/")[2]
        known = name.endswith((".yml", ".yaml")) or "ockerfile" in name or "ontainerfile" in name or name == FILE_NAME
        return known and size <= _PIN_FILE_BYTES

    texts = {}
    for row in TreeSource(top, max_bytes=_PIN_FILE_BYTES).collect(wants):
        if isinstance(row, File):
            with contextlib.suppress(OSError):  # gone since it was listed: it tells nothing
                texts[row.path] = row.load().decode("utf-8", "replace")
    return texts


def planned(edits: Iterable[Edit], top: Path) -> tuple[list[Change], list[tuple[str, str]]]:
    """What would change, and what is refused with the reason. Writes nothing."""
    by_path: dict[str, list[Edit]] = {}
    for edit in dict.fromkeys(edits):
        by_path.setdefault(edit.path, []).append(edit)
    changes: list[Change] = []
    refused: list[tuple[str, str]] = []
    for path, own in sorted(by_path.items()):
        target = top / path
        try:
            inside = target.resolve().is_relative_to(top.resolve()) and not target.is_symlink()
            before = target.read_bytes().decode("utf-8") if inside else ""
        except UnicodeDecodeError:
            refused.append((path, "is not UTF-8"))
            continue
        except OSError as error:
            refused.append((path, error.strerror or "cannot be read"))
            continue
        if not inside:
            refused.append((path, "leads out of the tree"))
            continue
        after, problems = edited(before, own)
        refused.extend((path, problem) for problem in problems)
        if after != before:
            changes.append(Change(path, before, after))
    return changes, refused


def edited(text: str, edits: Sequence[Edit]) -> tuple[str, list[str]]:
    """``text`` with the edits applied from the bottom up, and why some were refused. Line ends are kept."""
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(ending)
    problems: list[str] = []
    floor = len(lines) + 2
    for edit in sorted(edits, key=lambda one: (one.line, one.end_line), reverse=True):
        present = lines[edit.line - 1 : edit.end_line]
        if edit.end_line >= floor or (edit.end_line < edit.line and edit.line > floor):
            problems.append(f"line {edit.line}: overlaps another fix; run again")
        elif edit.line < 1 or "\n".join(present) != edit.expect.rstrip("\n"):
            problems.append(f"line {edit.line}: is no longer what was judged")
        else:
            lines[edit.line - 1 : edit.end_line] = edit.text.rstrip("\n").split("\n") if edit.text else []
            floor = edit.line
    return ending.join(lines), problems


def _show(change: Change) -> None:
    for line in difflib.unified_diff(
        change.before.splitlines(), change.after.splitlines(), f"a/{change.path}", f"b/{change.path}", lineterm=""
    ):
        print(safe(line))


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("--fix asks before it writes, and nobody is there to answer", hint="add --yes")
    return input(f"write {count} file(s)? [y/N] ").strip().lower() in ("y", "yes")


def _write(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o7777
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
