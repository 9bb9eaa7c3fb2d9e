"""Asks the real OPA what builtins answer: many calls in one process."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lockgate.policy.rego.builtins.contract import BuiltinError, Context
from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.values import UNDEFINED, Frozen, Set, Value, bytes_of, literal, value_of_key

Call = tuple[str, tuple[Value, ...]]
"""A builtin's name and its arguments."""

Answer = str
"""The result as Rego prints it inside an array; ``[]`` for undefined, and for an error."""


def _is_json(value: Value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_json, value))
    return not isinstance(value, (Set, Frozen))


def _argument(value: Value) -> str:
    """Rego source for a value, of a type that the compiler does not know where it can be hidden."""
    if _is_json(value):
        return f"json.unmarshal({json.dumps(json.dumps(value))})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_argument, value))}]"
    if isinstance(value, Set):
        return f"{{{', '.join(map(_argument, value))}}}" if value else "set()"
    pairs = (f"{_argument(value_of_key(key))}: {_argument(item)}" for key, item in value.items())
    return f"{{{', '.join(pairs)}}}"


@pytest.fixture(scope="session")
def opa() -> str:
    """The path of the binary, or a skip."""
    found = os.environ.get("LOCKGATE_OPA") or shutil.which("opa")
    if not found:
        pytest.skip("no opa binary: set LOCKGATE_OPA or put opa on PATH")
    return found


@pytest.fixture
def asked(opa: str, tmp_path: Path) -> Callable[[Sequence[Call]], list[Answer]]:
    """What OPA answers to a batch of calls."""

    def ask(calls: Sequence[Call]) -> list[Answer]:
        lines = [
            f'r[{number}] := sprintf("%v", [[x | x := {name}({", ".join(map(_argument, arguments))})]])'
            for number, (name, arguments) in enumerate(calls)
        ]
        module = tmp_path / "batch.rego"
        module.write_bytes(bytes_of("package batch\n" + "\n".join(lines)))
        done = subprocess.run(
            [opa, "eval", "--v0-compatible", "-f", "json", "-d", str(module), "data.batch.r"],
            capture_output=True, check=False, timeout=50,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.decode()[:3000] + done.stderr.decode()[:3000]
        found = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
        return [found[str(number)] for number in range(len(calls))]

    return ask


def _answer(call: Call) -> Answer:
    name, arguments = call
    builtin = BUILTINS[name]
    assert builtin.function is not None
    try:
        before = (Context(now_ns=time.time_ns()),) if builtin.takes_context else ()
        result = builtin.function(*before, *arguments)
    except BuiltinError:
        return "[]"
    return literal([]) if result is UNDEFINED else literal([result])


@pytest.fixture
def answer() -> Callable[[Call], Answer]:
    """What our builtin answers to a call."""
    return _answer


@pytest.fixture
def agrees(asked: Callable[[Sequence[Call]], list[Answer]]) -> Callable[[Sequence[Call]], None]:
    """Fails with the calls on which OPA and we differ."""

    def check(calls: Sequence[Call]) -> None:
        theirs = asked(calls)
        differ = [
            f"{name}({', '.join(map(literal, arguments))}): opa {want}, we {got}"
            for (name, arguments), want, got in zip(calls, theirs, map(_answer, calls), strict=True)
            if want != got
        ]
        assert not differ, f"{len(differ)} of {len(calls)} differ:\n" + "\n".join(differ[:40])

    return check
