"""Runs the ``zizmor`` program over GitHub Actions files, offline, and reads its answer.

Every file stands alone in a numbered folder of a temporary tree, so hostile paths never reach the program, and an
answer may be kept under the hash of the content. The repository's own zizmor configuration and ignore comments do not
count: what is accepted here is accepted by a waiver, with a name, a reason and an end. Audits that need the network
(impostor-commit, known-vulnerable-actions, ref-confusion, ref-version-mismatch, stale-action-refs) never run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.scanners.workflows._program import program

TIMEOUT_SECONDS = 120
MAX_KEPT = 4000
"""Answers in the cache folder; when there are more, the older half goes."""
_COMPLETED = lazy_pattern(r"completed (\S+)\s*$")
_STEM = {
    "workflow": ".github/workflows/file.yml",
    "action": "action.yml",
    "dependabot": ".github/dependabot.yml",
    "hooks": ".pre-commit-config.yaml",
}


class ZizmorError(Exception):
    """The program could not be run or its answer could not be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One answer of zizmor about one file."""

    audit: str
    severity: str
    confidence: str
    persona: str
    route: tuple[str | int, ...]
    """Keys and indexes from the root of the file to the place at fault."""
    line: int
    """From 1 (zizmor counts rows from 0)."""
    end_line: int
    column: int
    annotation: str
    text: str
    """What the audit is about, in zizmor's words."""


def audit(contents: Mapping[str, tuple[str, bytes]], cache_dir: Path | None) -> dict[str, tuple[Raw, ...] | None]:
    """Answers by path for ``{path: (kind, content)}``; None for a file that zizmor could not read.

    Runs the program at most once, and not at all when every answer is in the cache. Raises ``ZizmorError``.
    """
    binary = program()
    if binary is None:
        raise ZizmorError("the program zizmor is not installed")
    keys = {path: _key(binary, kind, content) for path, (kind, content) in contents.items()}
    found: dict[str, tuple[Raw, ...] | None] = {}
    for path, key in keys.items():
        kept = _cached(cache_dir, key)
        if kept is not None:
            found[path] = _raws(kept)
    missing = [path for path in contents if path not in found]
    if missing:
        fresh = _run(binary, [contents[path] for path in missing])
        for path, answers in zip(missing, fresh, strict=True):
            found[path] = None if answers is None else _raws(answers)
            if answers is not None:
                _keep(cache_dir, keys[path], answers)
        _prune(cache_dir)
    return found


def _key(binary: str, kind: str, content: bytes) -> str:
    """A hash over the content, the kind and the very program (its size and time change with its version)."""
    stat = Path(binary).stat()
    head = f"1|{kind}|{stat.st_size}|{stat.st_mtime_ns}|".encode()
    return hashlib.sha256(head + content).hexdigest()


def _cached(cache_dir: Path | None, key: str) -> list[Any] | None:
    if cache_dir is None:
        return None
    try:
        answers = json.loads((cache_dir / "zizmor" / f"{key}.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return answers if isinstance(answers, list) else None


def _keep(cache_dir: Path | None, key: str, answers: list[Any]) -> None:
    if cache_dir is None:
        return
    folder = cache_dir / "zizmor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(answers, out)
        Path(name).replace(folder / f"{key}.json")
    except OSError:
        return  # a cache that cannot be written costs time, not truth


def _prune(cache_dir: Path | None) -> None:
    if cache_dir is None:
        return
    try:
        kept = [(path.stat().st_mtime_ns, path) for path in (cache_dir / "zizmor").iterdir()]
        if len(kept) > MAX_KEPT:
            for _, path in sorted(kept)[: len(kept) // 2]:
                path.unlink(missing_ok=True)
    except OSError:
        return  # another run may be pruning too


def _run(binary: str, files: Sequence[tuple[str, bytes]]) -> list[list[Any] | None]:
    with tempfile.TemporaryDirectory(prefix="lockgate-zizmor-") as name:
        root = Path(name)
        for number, (kind, content) in enumerate(files):
            target = root / "in" / str(number) / _STEM[kind]
            target.parent.mkdir(parents=True)
            target.write_bytes(content)
        command = [
            binary, "--offline", "--format=json-v1", "--no-config", "--no-ignores", "--no-progress", "--no-exit-codes",
            "--persona=auditor", "--collect=all", f"--cache-dir={root / 'cache'}", "--color=never", ".",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, cwd=root / "in", env={"HOME": name, "NO_COLOR": "1"}, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=TIMEOUT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ZizmorError(f"zizmor did not end within {TIMEOUT_SECONDS} seconds") from None
        except OSError as error:
            raise ZizmorError(f"zizmor could not be started: {error.strerror}") from None
    log = done.stderr.decode("utf-8", "replace")
    if done.returncode != 0:
        if "no inputs collected" in log or "no audit was performed" in log:
            return [None] * len(files)
        raise ZizmorError(f"zizmor ended with status {done.returncode}")
    try:
        answers = json.loads(done.stdout)
    except (ValueError, RecursionError):
        raise ZizmorError("the answer of zizmor is not JSON") from None
    return _by_file(answers, log, len(files))


def _by_file(answers: Any, log: str, count: int) -> list[list[Any] | None]:
    read = {_number(match.group(1)) for line in log.splitlines() if (match := _COMPLETED.search(line))}
    found: list[list[Any] | None] = [[] if number in read else None for number in range(count)]
    if not isinstance(answers, list):
        raise ZizmorError("the answer of zizmor is not a list")
    for answer in answers:
        number, plain = _plain(answer)
        if 0 <= number < count:
            held = found[number]
            found[number] = [plain] if held is None else [*held, plain]
    return found


def _number(path: str) -> int:
    head = path.removeprefix("./").split("/", 1)[0]
    return int(head) if head.isdigit() else -1


def _plain(answer: Any) -> tuple[int, list[Any]]:
    """The number of the file, and what we keep of an answer."""
    try:
        place = next(one for one in answer["locations"] if one["symbolic"]["kind"] == "Primary")
        point = place["concrete"]["location"]
        route = [next(iter(part.values())) for part in place["symbolic"]["route"]["route"]]
        grades = answer["determinations"]
        number = _number(place["symbolic"]["key"]["Local"]["verbatim_path"])
        plain = [
            answer["ident"], grades["severity"], grades["confidence"], grades["persona"], route,
            point["start_point"]["row"] + 1, point["end_point"]["row"] + 1, point["start_point"]["column"] + 1,
            str(place["symbolic"]["annotation"])[:300], str(answer["desc"])[:300],
        ]  # fmt: skip
    except (KeyError, TypeError, StopIteration, AttributeError):
        raise ZizmorError("the answer of zizmor has a shape we do not know; is this version supported?") from None
    return number, plain


def _raws(answers: list[Any]) -> tuple[Raw, ...]:
    return tuple(Raw(a[0], a[1], a[2], a[3], tuple(a[4]), *a[5:10]) for a in answers)
