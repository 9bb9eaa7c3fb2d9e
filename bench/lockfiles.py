"""Lock files that the real tools write, beside what the tools themselves list: ``python -m bench.lockfiles``.

Each tool found on PATH (or in ``LOCKGATE_PEERS``) resolves a small project over the network, then lists what it locked;
our reader reads the same lock. A row gives both counts and what only one of them names. An alias (``old@npm:lodash``)
counts under the name that is installed, which is what an advisory names.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lockgate.formats import lockfiles

Pairs = set[tuple[str, str]]
_PATH = os.pathsep.join(filter(None, (os.environ.get("LOCKGATE_PEERS"), os.environ.get("PATH"))))
_NODE = {
    "package.json": json.dumps(
        {
            "name": "shop",
            "version": "1.0.0",
            "dependencies": {"express": "4.17.1", "@babel/core": "^7.20.0", "old-lodash": "npm:lodash@3.10.1"},
            "devDependencies": {"typescript": "5.1.6", "vite": "5.0.0"},
        }
    ),
    ".yarnrc.yml": "nodeLinker: node-modules\nenableScripts: false\nenableTelemetry: false\n",
}
_ALIASES = {"old-lodash": "lodash"}
_PYTHON = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11,<3.13"\n'
    'dependencies = ["requests[socks]==2.31.0", "flask>=2.3,<3"]\n[dependency-groups]\ndev = ["pytest==7.4.0"]\n'
}
_POETRY = {
    "pyproject.toml": '[tool.poetry]\nname = "shop"\nversion = "1"\npackage-mode = false\n[tool.poetry.dependencies]\n'
    'python = ">=3.11,<3.13"\nrequests = {version = "2.31.0", extras = ["socks"]}\nflask = "^2.3"\n'
}
_PIPFILE = {"Pipfile": '[packages]\nrequests = {version="==2.31.0", extras=["socks"]}\n[dev-packages]\npytest = "*"\n'}
_CARGO = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ntokio = "=1.35.0"\n',
    "src/main.rs": "fn main() {}\n",
}


def _lines(text: str) -> Pairs:
    """``name@version`` anywhere in the lines of a tree."""
    return set(re.findall(r"(@?[\w./-]+)@(\d[^\s\"]*)", text))


def _requirements(text: str) -> Pairs:
    return {(_python(name), version) for name, version in re.findall(r"(?m)^([\w.-]+)(?:\[.*\])?==([^\s;]+)", text)}


def _python(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())


def _poetry(text: str) -> Pairs:
    return {(_python(name), version) for name, version in re.findall(r"(?m)^([\w.-]+)\s+(?:\(!\)\s+)?(\d\S*)", text)}


def _npm(text: str) -> Pairs:
    found: Pairs = set()
    waiting = [json.loads(text)]
    while waiting:
        for name, item in (waiting.pop().get("dependencies") or {}).items():
            if "version" in item:
                found.add((name, item["version"]))
            waiting.append(item)
    return found


def _berry(text: str) -> Pairs:
    values = [json.loads(line)["value"] for line in text.splitlines()]
    return {(v.rpartition("@")[0], v.rpartition("npm:")[2]) for v in values if "@npm:" in v or "#npm:" in v}


def _pnpm(text: str) -> Pairs:
    """``path:name@version``, a line each."""
    named = [line.rpartition(":")[2].rpartition("@") for line in text.splitlines()]
    return {(name, version) for name, _, version in named if name and name != "shop"}


def _cargo(text: str) -> Pairs:
    return {(one["name"], one["version"]) for one in json.loads(text)["packages"] if one["name"] != "shop"}


@dataclass(frozen=True)
class Case:
    """One tool: the project, the lock it writes, and how it lists that."""

    files: dict[str, str]
    lock: str
    make: str
    list: str
    pairs: Callable[[str], Pairs]


CASES = {
    "npm": Case(_NODE, "package-lock.json", "npm install --package-lock-only --no-audit",
                "npm ls --all --json --package-lock-only", _npm),
    "pnpm": Case(_NODE, "pnpm-lock.yaml", "pnpm install --ignore-scripts",
                 "pnpm ls --depth Infinity --parseable --long", _pnpm),
    "bun": Case(_NODE, "bun.lock", "bun install --lockfile-only", "bun pm ls --all", _lines),
    "yarn": Case(_NODE, "yarn.lock", "yarn install --mode=update-lockfile", "yarn info -AR --json", _berry),
    "uv": Case(_PYTHON, "uv.lock", "uv lock", "uv export -q --no-hashes --all-groups --no-emit-project", _requirements),
    "pdm": Case(_PYTHON, "pdm.lock", "pdm lock -G:all", "pdm export -G:all -f requirements --no-hashes", _requirements),
    "poetry": Case(_POETRY, "poetry.lock", "poetry lock", "poetry show --all --no-ansi", _poetry),
    "pipenv": Case(_PIPFILE, "Pipfile.lock", "pipenv lock", "pipenv requirements --dev", _requirements),
    "cargo": Case(_CARGO, "Cargo.lock", "cargo generate-lockfile",
                  "cargo metadata --format-version 1 --locked", _cargo),
}  # fmt: skip


def rows() -> Iterator[str]:
    """One line for each tool."""
    for name, case in CASES.items():
        if shutil.which(name, path=_PATH) is None:
            yield f"{name:<8} not installed"
            continue
        with tempfile.TemporaryDirectory() as folder:
            yield f"{name:<8} {_compared(case, Path(folder))}"


def _compared(case: Case, folder: Path) -> str:
    for name, text in case.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    made = _call(case.make, folder)
    if not (folder / case.lock).is_file():
        return f"wrote no {case.lock}: {made.stderr.strip()[-120:]!r}"
    listed = {(_ALIASES.get(name, name), version) for name, version in case.pairs(_call(case.list, folder).stdout)}
    reading = lockfiles.read(case.lock, (folder / case.lock).read_bytes(), lambda path: None)
    ours = {(one.name, one.version) for one in reading.components}
    more, less = sorted(ours - listed)[:5], sorted(listed - ours)[:5]
    return f"ours {len(ours)}, listed {len(listed)}, only ours {more}, only listed {less}"


def _call(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = command.split()
    words[0] = shutil.which(words[0], path=_PATH) or words[0]
    environment = {**os.environ, "PATH": _PATH, "PIPENV_VENV_IN_PROJECT": "1"}
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, env=environment)


if __name__ == "__main__":
    for row in rows():
        print(row)
