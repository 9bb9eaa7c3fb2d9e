"""Renders Helm charts with the ``helm`` program, without letting the chart decide what runs or what is reached.

A chart is untrusted input. Its files are copied into a temporary folder, so no link leads out of it; helm gets an
empty home, no plugins, no cluster (``lookup`` finds nothing), no post-renderer, no name resolution and a proxy that
leads nowhere. ``values.schema.json`` stays out, because helm would fetch what it refers to. Time, processor time,
memory and output are bounded. Nothing is downloaded: a dependency that is not in ``charts/`` is a Skip.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lockgate.formats.charts import environments, read_rendered
from lockgate.formats.objects import Reading, Skips
from lockgate.formats.paths import join
from lockgate.model import Object, SkipKind

TIMEOUT_SECONDS = 30.0
MAX_OUTPUT = 32 * 1024 * 1024
MAX_FILES = 2_000
MAX_ENVIRONMENTS = 6
MAX_MEMORY = 4 * 1024 * 1024 * 1024
"""Bytes of address space; Go reserves far more than it uses."""
_LEFT_OUT = frozenset(("values.schema.json",))
_NOWHERE = "http://127.0.0.1:9"
_SAID = (
    ("missing in charts/", SkipKind.UNRESOLVED, "a dependency that is not in charts/"),
    ("You may need to run", SkipKind.UNRESOLVED, "a dependency that is not in charts/"),
    ("validation: chart.metadata", SkipKind.MALFORMED, "helm cannot read Chart.yaml"),
    ("Chart.yaml", SkipKind.MALFORMED, "helm cannot read Chart.yaml"),
    ("parse error", SkipKind.MALFORMED, "a template that helm cannot parse"),
    ("YAML parse error", SkipKind.MALFORMED, "a template whose result is not YAML"),
    ("execution error", SkipKind.UNRESOLVED, "a template that fails with the chart's own values"),
    ("nil pointer evaluating", SkipKind.UNRESOLVED, "a template that fails with the chart's own values"),
    ("library chart", SkipKind.UNSUPPORTED, "a library chart makes no objects of its own"),
    ("library charts", SkipKind.UNSUPPORTED, "a library chart makes no objects of its own"),
)


def program() -> str | None:
    """The helm on PATH, or what LOCKGATE_HELM names; None when there is none."""
    return shutil.which(os.environ.get("LOCKGATE_HELM") or "helm")


def render(folder: str, files: Mapping[str, bytes]) -> Reading:
    """The objects of the chart in ``folder`` (relative; ``.`` for the root) with its own values, then with those of
    each environment beside them. ``files``: every file of the chart, by path in the tree. Never raises."""
    prefix = "" if folder == "." else f"{folder}/"
    skips = Skips(f"{prefix}Chart.yaml")
    binary = program()
    if binary is None:
        skips.add(SkipKind.MISSING_TOOL, "the program helm, which fills in charts, is not installed")
        return Reading((), skips.settled(), template=True)
    inner = {path.removeprefix(prefix): content for path, content in files.items() if path.startswith(prefix)}
    if len(inner) > MAX_FILES:
        skips.add(SkipKind.LIMIT, f"a chart of more than {MAX_FILES} files")
        return Reading((), skips.settled(), template=True)
    objects: list[Object] = []
    with tempfile.TemporaryDirectory(prefix="lockgate-helm-") as name:
        root = Path(name)
        _write(root / "chart", inner)
        more = environments(folder, files)
        for values in ("", *more[:MAX_ENVIRONMENTS]):
            output = _run(binary, root, values, skips)
            if output is not None:
                reading = read_rendered(folder, output, files, values=values)
                objects += reading.objects
                skips.extend(reading.skips)
        if len(more) > MAX_ENVIRONMENTS:
            skips.add(SkipKind.LIMIT, f"more than {MAX_ENVIRONMENTS} files of values")
    return Reading(tuple(objects), skips.settled(), template=True)


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        clean = join("", path)
        if not clean or clean.rpartition("/")[2] in _LEFT_OUT:
            continue
        place = target / clean
        with suppress(OSError):  # a name that this machine's file system does not take, or a file that is a folder too
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def _run(binary: str, root: Path, values: str, skips: Skips) -> bytes | None:
    """What helm printed; None, and a Skip, when it failed."""
    command = [binary, "template", "release-name", "chart", "--include-crds", "--skip-tests"]
    command += ["--values", f"chart/{values}"] if values else []
    what = f" with {values}" if values else ""
    with (root / "out").open("w+b") as out, (root / "err").open("w+b") as err:
        try:
            process = subprocess.Popen(
                _limited(command), cwd=root, env=_environment(root), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            skips.add(SkipKind.MISSING_TOOL, f"helm cannot be started: {error.strerror}")
            return None
        try:
            reason = _watch(process, root / "out")
        finally:
            _end(process)
        if reason:
            skips.add(SkipKind.LIMIT, f"helm{what} {reason}")
            return None
        if process.returncode == 0:
            out.seek(0)
            return out.read(MAX_OUTPUT)
        err.seek(0)
        said = err.read(20_000).decode("utf-8", "replace")
    for words, kind, reason in _SAID:
        if words in said:
            skips.add(kind, reason + what)
            return None
    skips.add(SkipKind.UNRESOLVED, f"helm{what} cannot render it: {_first_line(said, root)}")
    return None


def _watch(process: subprocess.Popen[bytes], output: Path) -> str:
    """Wait for helm within its limits; why it was stopped, or nothing."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    reason = ""
    while True:
        try:
            process.wait(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                reason = f"took longer than {TIMEOUT_SECONDS:.0f} s"
            elif output.stat().st_size > MAX_OUTPUT:
                reason = f"printed more than {MAX_OUTPUT} bytes"
            if reason:
                break
    if not reason and output.stat().st_size > MAX_OUTPUT:
        reason = f"printed more than {MAX_OUTPUT} bytes"
    return reason


def _limited(command: list[str]) -> list[str]:
    """The command with memory, processor time and files bounded, where the system has a shell that can do it.

    The bounds stand before the program starts, so that they also hold for whatever it starts itself.
    """
    if os.name != "posix":
        return command
    bounds = {"v": MAX_MEMORY // 1024, "t": int(TIMEOUT_SECONDS), "f": 2 * MAX_OUTPUT // 512, "c": 0}
    text = "".join(f"ulimit -{letter} {amount} 2>/dev/null; " for letter, amount in bounds.items())
    return ["/bin/sh", "-c", f'{text}exec "$@"', "sh", *command]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop helm and whatever it started: a child that outlives it would go on writing."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _environment(root: Path) -> dict[str, str]:
    home = str(root / "home")
    folders = {name: f"{home}/{name}" for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), _NOWHERE)
    return {
        **folders,
        **proxies,
        "HOME": home,
        "PATH": os.defpath,
        "HELM_PLUGINS": f"{home}/plugins",
        "HELM_NO_PLUGINS": "1",
        "KUBECONFIG": f"{home}/no-cluster",
        "GOMEMLIMIT": "1GiB",
        "LC_ALL": "C",
    }


def _first_line(said: str, root: Path) -> str:
    """What helm said, without the temporary folder, cut, on one line."""
    lines = [line for line in said.replace(str(root), "").splitlines() if line.startswith("Error:")]
    return (lines[0] if lines else "it ended without a word")[:160]
