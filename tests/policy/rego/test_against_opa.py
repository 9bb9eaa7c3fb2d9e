"""The same policies on the same inputs, here and in OPA itself: every document must be the same.

Runs where there is an ``opa`` (on PATH, or named by ``LOCKGATE_OPA``); the policies are in ``differential/``.
"""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lockgate.policy.rego import Program, Source, compile_modules, plain
from lockgate.policy.rego.values import equal

OPA = os.environ.get("LOCKGATE_OPA") or shutil.which("opa")
FOLDER = Path(__file__).with_name("differential")
VERSIONS = {"admission": "v0"}
SEEDS = range(24)


def made(dice: random.Random) -> dict[str, Any]:
    """An input of the shape that the policies read, with gaps."""
    scalars: list[Any] = [None, True, False, 0, 1, 2, -3, 1.5, "", "a", "b", "ab", "ünï", 10**20]
    strings = ["a", "b", "ab", "aab", "", "x<y>", "ünïcode", "bab"]

    def value(depth: int = 0) -> Any:
        if depth > 2 or dice.random() < 0.7:
            return dice.choice(scalars)
        if dice.random() < 0.5:
            return [value(depth + 1) for _ in range(dice.randrange(3))]
        return {dice.choice("abk"): value(depth + 1) for _ in range(dice.randrange(3))}

    def container(name: str) -> dict[str, Any]:
        found: dict[str, Any] = {"name": name, "image": dice.choice(["registry.example/x", "docker.example/y"])}
        if dice.random() < 0.6:
            limits = {"limits": {"memory": dice.choice(["10Mi", "100", "1Gi"])}}
            found["resources"] = limits if dice.random() < 0.8 else {}
        if dice.random() < 0.5:
            found["securityContext"] = dice.choice([{"privileged": True}, {"privileged": False}, False, {}])
        return found

    pod: dict[str, Any] = {"metadata": {"name": dice.choice(["a", "b"])}, "spec": {}}
    if dice.random() < 0.7:
        pod["metadata"]["labels"] = {name: "x" for name in ("app", "team") if dice.random() < 0.5}
    for key in ("containers", "initContainers"):
        if dice.random() < 0.8:
            pod["spec"][key] = [container(f"c{n}") for n in range(dice.randrange(3))]
    whole = {
        "xs": [value() for _ in range(dice.randrange(6))],
        "ys": [value() for _ in range(dice.randrange(4))],
        "m": {key: value() for key in ("a", "b", "c", "ddd") if dice.random() < 0.6},
        "objects": [{"k": value(), **({"n": 1} if dice.random() < 0.5 else {})} for _ in range(dice.randrange(3))],
        "numbers": [dice.choice([0, 1, 2, 3, -2, 7, 2.5, 100, 10**12]) for _ in range(dice.randrange(4))],
        "strings": [dice.choice(strings) for _ in range(dice.randrange(4))],
        "pod": pod,
        "operation": dice.choice(["CREATE", "UPDATE"]),
    }
    return {key: item for key, item in whole.items() if dice.random() < 0.93}


@pytest.fixture(scope="module")
def program() -> Program:
    """All policies together."""
    return compile_modules(
        [Source(path.name, path.read_text("utf-8"), VERSIONS.get(path.stem, "v1")) for path in sorted(FOLDER.glob("*"))]
    )


@pytest.mark.skipif(not OPA, reason="there is no opa here: set LOCKGATE_OPA")
@pytest.mark.parametrize("part", range(4))
def test_opa_says_the_same(part: int, program: Program, tmp_path: Path) -> None:
    assert OPA
    for seed in SEEDS[part::4]:
        given = made(random.Random(seed))
        (tmp_path / "input.json").write_text(json.dumps(given), "utf-8")
        theirs: dict[str, Any] = {}
        for version, names in (("--v0-compatible", ["admission"]), ("--v1-compatible", None)):
            paths = [path for path in sorted(FOLDER.glob("*")) if (path.stem in VERSIONS) == bool(names)]
            arguments = [part for path in paths for part in ("-d", str(path))]
            command = [OPA, "eval", version, "-f", "json", "-i", str(tmp_path / "input.json"), *arguments, "data"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            assert done.returncode == 0, done.stdout
            theirs |= json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
        # Through JSON, as theirs came: quotients keep more digits inside than a JSON reader gives back.
        ours = json.loads(json.dumps(plain(program.evaluate("data", given))))
        assert ours.keys() == theirs.keys()
        for package, documents in theirs.items():
            for name in documents.keys() | ours[package].keys():
                mine, other = ours[package].get(name, "undefined"), documents.get(name, "undefined")
                assert equal(mine, other), (seed, package, name, given)


def test_the_policies_are_evaluated_on_every_input(program: Program) -> None:
    rules = sum(len(plain(program.evaluate("data", made(random.Random(seed))))[name]) for seed in SEEDS for name in
                ("admission", "collections", "logic", "numbers_test", "text"))  # fmt: skip
    assert rules > 1000
