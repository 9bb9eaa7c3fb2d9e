"""Programs that nobody wrote, here and in OPA itself: rules of every kind over each other, put together by dice.

Runs where there is an ``opa`` (on PATH, or named by ``LOCKGATE_OPA``).
"""

import json
import os
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego import RegoError, Source, compile_modules, plain
from lockgate.policy.rego.values import equal

OPA = os.environ.get("LOCKGATE_OPA") or shutil.which("opa")
PROGRAMS = 48
INPUT: dict[str, Any] = {
    "a": 1, "s": "bee", "xs": [1, 2, "x", None, True, [1], {"k": 2}], "m": {"a": 1, "b": [1, 2], "c": {"d": "e"}},
    "none": [], "deep": [{"y": 1}, {"y": 2, "z": [3]}], "numbers": [3, 1, 2.5, -4], "off": False,
}  # fmt: skip
PLACES = ["a", "s", "xs", "m", "m.a", "m.b", "m.c.d", "none", "deep", "deep[0].y", "numbers", "off", "missing", "xs[0]"]
COLLECTIONS = ["xs", "m", "m.b", "none", "deep", "numbers", "missing"]
SCALARS = ["0", "1", "2", '"a"', '"bee"', "true", "false", "null", "2.5"]
CALLS = [
    "count({0})", "object.get({0}, {1}, 7)", 'sprintf("%v-%v", [{0}, {1}])', "type_name({0})", "array.concat({0}, {1})",
    "sort({0})", "json.marshal({0})", "startswith({0}, {1})", "to_number({0})", "({0} + {1})", "({0} - {1})",
    "sum({0})",
]  # fmt: skip


class Maker:
    """One module; ``self.known`` are the rules so far, with how each is named in a term."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.package = f"q{seed}"
        self.known: list[str] = []
        self.names = 0

    def module(self) -> str:
        rules = [rule for number in range(self.dice.randint(2, 5)) for rule in self.rules(f"r{number}")]
        return "\n\n".join([f"package {self.package}", *rules])

    def one(self, *choices: str) -> str:
        return self.dice.choice(choices)

    def fresh(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def place(self) -> str:
        return f"input.{self.dice.choice(PLACES)}"

    def collection(self) -> str:
        return self.one(f"input.{self.dice.choice(COLLECTIONS)}", *self.known[-3:])

    def term(self, names: list[str], depth: int = 0) -> str:
        plain = [self.dice.choice(SCALARS), self.place(), *names]
        if depth > 1:
            return self.one(*plain)
        inner = [self.term(names, depth + 1) for _ in range(2)]
        name = self.fresh()
        walked = f"some {name} in {self.collection()}; {name} != 99"
        return self.one(
            *plain, *self.known, f"[{', '.join(inner)}]", f'{{"k": {inner[0]}}}', f"{{{inner[0]}}}",
            self.dice.choice(CALLS).format(self.place(), self.place()), f"[{name} | {walked}]",
            f"{{{name} | {walked}}}", f'$"t {{{inner[1]}}} z"',
        )  # fmt: skip

    def line(self, names: list[str]) -> str:
        """A line of a body; what it binds joins ``names``."""
        a, b, known = self.fresh(), self.fresh(), list(names)
        compared = f"{self.place()} {self.one('==', '!=', '<', '>')} {self.term(known)}"
        text = self.one(
            f"{a} := {self.term(known)}", f"some {a} in {self.collection()}", f"some {b}, {a} in {self.collection()}",
            f"[{a}, _] = {self.place()}", compared, f"not {compared}", f"not {self.term(known)}",
            f"every {b} in {self.collection()} {{ {b} != 3 }}", f"{self.place()} in {self.collection()}",
            f"{compared} with input.{self.one('a', 'm.a', 'xs')} as {self.term(known, 2)}", f"{self.collection()}[{a}]",
        )  # fmt: skip
        bound = [name for name in (a, b) if name in text and "every" not in text]
        names += bound
        return "; ".join([text, *(f"{name} != 99" for name in bound)])

    def body(self, names: list[str]) -> str:
        return "\n\t".join(self.line(names) for _ in range(self.dice.randint(1, 3)))

    def rules(self, name: str) -> list[str]:
        kind = self.one("complete", "else", "set", "object", "dots", "mixed", "function")
        made, bodies = [], 1 + (kind not in ("complete", "function"))
        for number in range(bodies):
            names = ["x"] if kind == "function" else []
            body = self.body(names)
            value, key = self.term(names), self.one("1", '"k"', *names)
            head = {
                "complete": f"{name} := {value}", "else": f"{name} := {value}", "set": f"{name} contains {value}",
                "object": f"{name}[{key}] := {key}", "dots": f"{name}.p{number}.q contains {value}",
                "mixed": f"{name}.p.q contains {value}" if number else f"{name}[{key}] contains {value}",
                "function": f"{name}(x) := {value}",
            }[kind]  # fmt: skip
            made.append(f"{head} if {{\n\t{body}\n}}")
        if kind == "else":
            made = [f"{made[0]} else{made[1].removeprefix(name)} else := 0"]
        if kind in ("complete", "function") and self.dice.random() < 0.5:
            made.insert(0, f"default {name}{'(_)' if kind == 'function' else ''} := 5")
        self.known.append(f"{name}({self.place()})" if kind == "function" else name)
        return made


@pytest.mark.skipif(not OPA, reason="there is no opa here: set LOCKGATE_OPA")
def test_opa_says_the_same_of_programs_that_nobody_wrote(tmp_path: Path) -> None:
    ours: dict[str, Any] = {}
    for seed in range(PROGRAMS):
        maker = Maker(seed)
        text = maker.module()
        try:
            found = compile_modules([Source("m.rego", text)]).evaluate(f"data.{maker.package}", INPUT)
        except (RegoError, EvaluationError):
            continue  # what neither takes is held by OPA's own cases
        (tmp_path / f"{maker.package}.rego").write_text(text, "utf-8")
        ours[maker.package] = json.loads(json.dumps(plain(found)))
    (tmp_path / "input.json").write_text(json.dumps(INPUT), "utf-8")
    said: Counter[str] = Counter()
    for package, mine in ours.items():
        command = [str(OPA), "eval", "-f", "json", "-i", str(tmp_path / "input.json"), "-d",
                   str(tmp_path / f"{package}.rego"), f"data.{package}"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        answer = json.loads(done.stdout)
        if "errors" in answer:
            assert "type" in answer["errors"][0]["code"], (package, answer)  # OPA checks types, we find them at work
            said["refused by types"] += 1
            continue
        assert equal(mine, answer["result"][0]["expressions"][0]["value"]), package
        said["same"] += 1
    assert said["same"] >= PROGRAMS // 2, said
