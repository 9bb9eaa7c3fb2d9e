"""Every builtin, on generated arguments and on the corners, answers what the real OPA answers."""

import random
from collections.abc import Callable, Sequence

import pytest

from lockgate.policy.rego.builtins.contract import Type
from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.values import Set, Value, key_of

Check = Callable[[Sequence[tuple[str, tuple[Value, ...]]]], None]

TEXTS = [
    "",
    "a",
    "ab",
    "a,b,,c",
    "Hello World",
    "é世界 x",
    " \t x\n",
    "aaa",
    "10",
    "1.5",
    "-3",
    "x" * 70,
    "a/b",
    "%41+b",
    "YWI=",
    '"q"',
]
NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    7,
    10,
    16,
    100,
    2**31,
    2**53 + 1,
    2**63,
    2**64 + 1,
    -(2**70),
    0.5,
    -0.5,
    1.5,
    -2.5,
    0.1,
    1e-7,
    1e20,
    123456.789,
    1.0,
]


class Source:
    """Draws values of a declared type; the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self.dice = random.Random(seed)

    def value(self, kind: Type, depth: int = 0) -> Value:
        dice = self.dice
        if kind.kind == "union":
            return self.value(dice.choice(kind.of), depth)
        if kind.kind == "any":
            simple = ["null", "boolean", "number", "string"]
            return self.value(Type(dice.choice(simple + (["array", "object", "set"] if depth < 2 else []))), depth)
        return getattr(self, f"_{kind.kind}")(kind, depth)

    def _null(self, kind: Type, depth: int) -> Value:
        return None

    def _boolean(self, kind: Type, depth: int) -> Value:
        return self.dice.random() < 0.5

    def _number(self, kind: Type, depth: int) -> Value:
        return self.dice.choice(NUMBERS) if self.dice.random() < 0.5 else self.dice.randint(-3, 12)

    def _string(self, kind: Type, depth: int) -> Value:
        if self.dice.random() < 0.5:
            return self.dice.choice(TEXTS)
        return "".join(self.dice.choice("ab,Aé ") for _ in range(self.dice.randint(0, 6)))

    def _array(self, kind: Type, depth: int) -> Value:
        inner = kind.of[0] if kind.of else Type("any")
        return [self.value(inner, depth + 1) for _ in range(self.dice.randint(0, 4))]

    def _set(self, kind: Type, depth: int) -> Value:
        return Set(self._array(kind, depth))

    def _tuple(self, kind: Type, depth: int) -> Value:
        return [self.value(inner, depth + 1) for inner in kind.of]

    def _object(self, kind: Type, depth: int) -> Value:
        key, item = kind.of if kind.of else (Type("string"), Type("any"))
        size = self.dice.randint(0, 4)
        made = {key_of(self.value(key, depth + 1)): self.value(item, depth + 1) for _ in range(size)}
        return made | {name: self.value(inner, depth + 1) for name, inner in kind.fields}


# OPA counts up to any number, and dies on a shift by 2**63.
UNBOUNDED = frozenset({"numbers.range", "numbers.range_step", "bits.lsh"})
GENERATED = sorted(
    builtin.name
    for builtin in BUILTINS.values()
    if builtin.function is not None
    and builtin.kind in ("pure", "operator")
    and builtin.name not in UNBOUNDED
    and not builtin.name.startswith(("internal.", "crypto.x509", "crypto.parse", "io.jwt", "graphql"))
)
OPERATORS = {builtin.name for builtin in BUILTINS.values() if builtin.infix}


class TestGeneratedArguments:
    @pytest.mark.parametrize("start", range(0, len(GENERATED), 30))
    def test_each_builtin_answers_as_opa_does(self, start: int, agrees: Check) -> None:
        calls = []
        for name in GENERATED[start : start + 30]:
            source = Source(name)
            for _ in range(25):
                calls.append((name, tuple(source.value(kind) for kind in BUILTINS[name].arguments)))
        agrees(calls)
