"""Types of expressions are those that Kubernetes gives them, and what it refuses is refused."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess

import pytest

from lockgate.policy.cel import compile_expression
from lockgate.policy.cel.checked import check
from lockgate.policy.cel.checked.objects import VARIABLES
from lockgate.policy.cel.checked.shapes import read, shown
from lockgate.policy.cel.parser import parse
from lockgate.policy.errors import PolicyError

ORACLE = os.environ.get("LOCKGATE_CEL_TYPES") or shutil.which("cel-types")  # before the tests clear the environment
NAMES = {"google.protobuf.Duration": "duration", "google.protobuf.Timestamp": "timestamp",
         "optional_type": "optional", "null_type": "null"}  # fmt: skip
DECLARED = {name: read(shape) for name, shape in VARIABLES.items()}
TYPED = [
    ("[[],[1]]", "list(list(int))"),
    ("[[1],[]]", "list(list(int))"),
    ("'%d %s'.format([1,'a'])", "string"),
    ("1 < 1.0", "bool"),
    ("object.a == null", "bool"),
    ("request.options.a.b", "dyn"),
    ("quantity('a')", "kubernetes.Quantity"),
    ("ip('1')", "net.IP"),
    ("semver('1.x')", "kubernetes.Semver"),
    ("url('::')", "kubernetes.URL"),
    ("type(1) == int", "bool"),
    ("int == int", "bool"),
    ("{}.a", "dyn"),
    ("[].map(x, x + 1)", "list(int)"),
    ("object.?a.orValue(1) + 'b'", "string"),
    ("object.a.b.c.map(x, x.y)", "list(dyn)"),
    ("object.a ? 1 : 2", "int"),
    ("!object.a", "bool"),
    ("object.items.all(x, x.name)", "bool"),
    ("request == null", "bool"),
    ("object.metadata.labels.exists(k, k == 1)", "bool"),
    ("dyn(1) == 'a'", "bool"),
    ("'a' in {'a':1}", "bool"),
    ("object.x && object.y", "bool"),
    ("oldObject != null ? oldObject.spec.a : 1", "dyn"),
    ("type(1)", "type(int)"),
    ("format.dns1123Label().validate('a').hasValue()", "bool"),
    ("{'a':1}.transformMap(k,v,v+1)", "map(string, int)"),
    ("{'a':1}.transformMapEntry(k,v,{v:k})", "map(int, string)"),
    ("[1].transformMap(i,v,i)", "map(int, int)"),
    ("object.x.transformMap(k,v,v)", "map(dyn, dyn)"),
    ("['a'].map(c, c.size() > 1, c)", "list(string)"),
    ("object.spec.containers.all(c, has(c.resources) && c.resources.limits.memory > 1)", "bool"),
    ("[[1],[2]].flatten() == [1,2]", "bool"),
    ("[].flatten()", "list(dyn)"),
    ("optional.none().orValue(1)", "int"),
    ("optional.of('a').value() + 'b'", "string"),
    ("object.?spec.?x.hasValue()", "bool"),
    ("[1]+[]", "list(int)"),
    ("{}=={'a':1}", "bool"),
    ("[]==[1]", "bool"),
    ("size({})+size([])", "int"),
    ("type(object)==string", "bool"),
    ("type(object)==type('a')", "bool"),
    ("[].exists(x, x)", "bool"),
    ("{}.exists(x, x)", "bool"),
    ("[optional.of(1)].unwrapOpt()", "list(int)"),
    ("request.userInfo.?extra['a'].orValue([])", "list(string)"),
    ("object.metadata.?labels['a']", "optional(dyn)"),
    ("object.metadata.labels[?'a'].orValue('b')", "string"),
    ("{'a':1}[?'a']", "optional(int)"),
    ("[1][?0].optMap(x, x + 1).orValue(0)", "int"),
    ("quantity('1').add(1)", "kubernetes.Quantity"),
    ("object.a.matches('x')", "bool"),
    ("'a'.split(',').map(x, int(x)).max()", "int"),
    ("duration('1s')+duration('1s')", "duration"),
    ("object.a[1]['b']", "dyn"),
    ("object.a in object.b", "bool"),
    ("'a' in object.b", "bool"),
    ("has(request.namespace) && request.namespace.startsWith('x')", "bool"),
    ("!(1 in [1])", "bool"),
    ("timestamp('2020-01-01T00:00:00Z') == null", "bool"),
    ("null == null", "bool"),
    ("true ? object : 1", "dyn"),
    ("true ? 1 : object", "dyn"),
    ("true ? [] : [1]", "list(int)"),
    ("true ? {'a': []} : {'a':[1]}", "map(string, list(int))"),
    ("[object, object.a]", "list(dyn)"),
    ("'%s'.format([[1,'a']])", "string"),
    ("'%s'.format([{'a':1,'b':'c'}])", "string"),
    ("string(object)", "string"),
    ("double('1')", "double"),
    ("lists.range(3).map(x, x*x)", "list(int)"),
    ("[3,1].sortBy(x, -x)", "list(int)"),
    ("object.items.sortBy(i, i.name)", "dyn"),
    ("namespaceObject == null", "bool"),
    ("namespaceObject.spec.finalizers.all(f, f == 'x')", "bool"),
    ("namespaceObject.status.conditions.exists(c, c.lastTransitionTime > timestamp('2020-01-01T00:00:00Z'))", "bool"),
    ("namespaceObject.metadata.annotations['x'] == 'y'", "bool"),
    ("has(namespaceObject.metadata.labels) && 'a' in namespaceObject.metadata.labels", "bool"),
    ("params == null ? true : params.x", "dyn"),
    ("int(object.spec.replicas) <= params.maxReplicas", "bool"),
    ("object.spec.replicas <= 1.5", "bool"),
    ("'a' + string(1)", "string"),
    ("true < false", "bool"),
    ("-object.x", "dyn"),
]
REFUSED = [
    "[1,'a']",
    "[object.a,'a']",
    "['a',object.a]",
    "[1,2.0]",
    "{1: 2, 'a': 3}",
    "{'a':1,'b':'x'}",
    "{'a':object.x,'b':'x'}",
    "1 + 'a'",
    "-'a'",
    "true ? 1 : 'a'",
    "[1].exists(x, x == 'a')",
    "1 == 1.0",
    "null == 1",
    "request.operation == 1",
    "request.foo",
    "request.userInfo.extra['a'].foo",
    "namespaceObject.metadata.labels.a + 1",
    "optional.of(1) == 1",
    "[1,2][true]",
    "'a'.charAt('b')",
    "has(request.foo)",
    "has(object.a) + 1",
    "object.items.filter(x, 1)",
    "cidr('10.0.0.0/8').containsIP(1)",
    "size(1)",
    "request.dryRun == null",
    "[1,2].sortBy(x, [x])",
    "[1].transformList(i, v, v + 'a')",
    "optional.of(1).optMap(x, x + 'a')",
    "{'a':1}.exists(k, k == 1)",
    "request.userInfo.groups.exists(g, g == 1)",
    "1 in ['a']",
    "object in 1",
    "[1].foo",
    "'a'.foo",
    "duration('1h') > timestamp('2020-01-01T00:00:00Z')",
    "request.kind == {'a':1}",
    "[?object.?a, 1]",
    "[?1]",
    "{?'a': 1}",
    "string(object.x) + 1",
    "true && 1",
    "1 || true",
    "b'a' + 'a'",
    "[1].sum() + 1.0",
    "['a'].sum()",
    "[1,2].transformMapEntry(i,v,1)",
    "object.spec.containers.map(c, c.image).filter(i, i.startsWith(1))",
    "[1,2,3].sort()[0] + 'x'",
    "[1]+['a']",
    "[1][?0].optFlatMap(x, x)",
    "quantity('1').add('1')",
    "matches(1, 'x')",
    "sets.contains([1],['a'])",
    "timestamp('2020-01-01T00:00:00Z').getHours('UTC') == '1'",
    "request.object",
    "1 != null",
    "'a' == null",
    "[1] == null",
    "{'a':1} == null",
    "[null, 1]",
    "[1, null]",
    "true ? null : 1",
    "[dyn(1), 'a']",
    "[[1], ['a']]",
    "[[object.a], ['a']]",
    "{'a':[1]}['a'][0]+1.0",
    "'%s'.format(1)",
    "'%s'.format('a')",
    "isQuantity(1)",
    "string([1])",
    "int(true)",
    "bool(1)",
    "['b'].sortBy(x, x)[0].foo",
    "object.spec.replicas + 1 == 2.0",
    "\"a\" < 1",
    "[1] < [2]",
    "object.x < [1]",
    "-(1u)",
    "1u + 1",
    "1 % 2.0",
]


def type_of(text: str) -> str | None:
    """The type; None for what is refused."""
    try:
        return shown(check(parse(text), DECLARED, lambda said, at: PolicyError(f"{said} at {at}")))
    except PolicyError:
        return None


@pytest.mark.parametrize(("text", "shape"), TYPED)
def test_an_expression_has_the_type_that_kubernetes_gives_it(text: str, shape: str) -> None:
    assert type_of(text) == shape


@pytest.mark.parametrize("text", REFUSED)
def test_what_can_never_be_right_is_refused(text: str) -> None:
    assert type_of(text) is None


def theirs(texts: list[str]) -> list[str | None]:
    """Kubernetes' answers; None for a refusal."""
    assert ORACLE is not None
    given = "\n".join(map(json.dumps, texts))
    told = subprocess.run([ORACLE], input=given, capture_output=True, text=True, check=True, timeout=50).stdout
    found = [json.loads(line).get("type") for line in told.splitlines()]
    for name, short in NAMES.items():
        found = [one and one.replace(name, short) for one in found]
    return found


@pytest.mark.skipif(ORACLE is None, reason="cel-types is not built (.ci/fetch-oracles)")
def test_the_tables_above_are_what_kubernetes_says() -> None:
    assert theirs([text for text, _ in TYPED]) == [shape for _, shape in TYPED]
    assert set(theirs(REFUSED)) == {None}


@pytest.mark.skipif(ORACLE is None, reason="cel-types is not built (.ci/fetch-oracles)")
def test_kubernetes_and_we_agree_about_generated_expressions() -> None:
    """One literal that it evaluates while it checks, ``duration(1)``, is left out."""
    made = random.Random(36)
    texts = [text for text in (Generated(made).text(3) for _ in range(3000)) if len(text) < 200]
    assert len(texts) > 2500
    differ = [
        (text, ours, other)
        for text, other in zip(texts, theirs(texts), strict=True)
        if (ours := type_of(text)) != other and "duration(" not in text
    ]
    assert differ == []


@pytest.mark.parametrize("leaf", ["{1: 1}", "{}", "[]"])
def test_types_without_end_are_refused_and_not_computed(leaf: str) -> None:
    text = "a40 == a40"
    for level in range(40, 0, -1):
        text = f"cel.bind(a{level}, {{a{level - 1}: a{level - 1}}}, {text})"
    with pytest.raises(PolicyError, match="too large"):
        compile_expression(f"cel.bind(a0, {leaf}, {text})", variables=(), types={})


def test_the_place_of_what_does_not_fit_is_shown() -> None:
    with pytest.raises(PolicyError) as caught:
        compile_expression("object.a == 1 &&\n  request.operation + 1 == 2", variables=["object", "request"],
                           where="p.yaml", types=VARIABLES)  # fmt: skip
    assert "p.yaml:2:21" in str(caught.value)
    assert "'+' does not go with (string, int)" in str(caught.value)


def test_a_function_that_nobody_declared_may_give_anything() -> None:
    assert compile_expression("math.greatest(1, 2)", variables=(), types={}).type == "dyn"


class Generated:
    """Expressions of every kind, most of them with something that does not fit."""

    LEAVES = (
        "1", "2u", "1.5", "'a'", "b'a'", "true", "null", "[]", "{}", "[1]", "['a']", "{'a': 1}", "{'a': 'b'}", "object",
        "object.a.b", "object.?a", "params.x", "request.operation", "request.userInfo.groups", "request.userInfo.extra",
        "request", "namespaceObject.metadata.labels", "duration('1s')", "timestamp('2020-01-01T00:00:00Z')",
        "quantity('1')", "optional.of(1)", "optional.none()", "optional.of('a')", "dyn(1)", "type(1)", "int", "[[1]]",
        "{1: [2]}", "semver('1.0.0')", "cidr('10.0.0.0/8')", "url('http://a')",
    )  # fmt: skip
    OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", "<=", "in", "&&", "||")
    ONE = ("all", "exists", "exists_one", "map", "filter", "sortBy")
    TWO = ("all", "exists", "transformList", "transformMap", "transformMapEntry")
    EMPTY = ("size", "hasValue", "value", "first", "last", "flatten", "max", "sum", "sort", "distinct", "trim",
             "unwrapOpt", "isSorted", "reverse", "getHours")  # fmt: skip
    METHODS = ("orValue", "or", "contains", "startsWith", "add", "indexOf", "matches", "join", "split", "isLessThan",
               "format")  # fmt: skip
    PREFIXES = ("size", "string", "int", "type", "dyn", "double", "optional.of", "!", "-")

    def __init__(self, made: random.Random) -> None:
        self.made = made
        self.scope: tuple[str, ...] = ()

    def text(self, depth: int) -> str:
        made = self.made
        if depth <= 0 or made.random() < 0.15:
            return made.choice(self.scope if self.scope and made.random() < 0.5 else self.LEAVES)
        match made.randrange(14):
            case 0:
                return f"({self.less(depth)} {made.choice(self.OPERATORS)} {self.less(depth)})"
            case 1:
                return f"({self.less(depth)} ? {self.less(depth)} : {self.less(depth)})"
            case 2:
                return f"[{self.less(depth)}, {self.less(depth)}]"
            case 3:
                return f"{{{self.less(depth)}: {self.less(depth)}}}"
            case 4:
                return f"{self.less(depth)}[{made.choice(('', '?'))}{self.less(depth)}]"
            case 5:
                return f"{self.less(depth)}.{made.choice(('a', 'b', '?a'))}"
            case 6 | 7:
                return self.macro(depth, made.choice(self.ONE), 1)
            case 8:
                return self.macro(depth, made.choice(self.TWO), 2)
            case 9:
                return self.macro(depth, made.choice(("optMap", "optFlatMap")), 1)
            case 10:
                return f"{self.less(depth)}.{made.choice(self.EMPTY)}()"
            case 11:
                return f"{self.less(depth)}.{made.choice(self.METHODS)}({self.less(depth)})"
            case 12:
                return f"{made.choice(self.PREFIXES)}({self.less(depth)})"
        return f"has({self.less(depth)}.a)"

    def less(self, depth: int) -> str:
        return self.text(depth - 1 - self.made.randrange(2))

    def macro(self, depth: int, name: str, count: int) -> str:
        target, outer = self.less(depth), self.scope
        names = tuple(f"v{len(outer) + index}" for index in range(count))
        self.scope = outer + names
        try:
            return f"{target}.{name}({', '.join(names)}, {self.text(depth - 1)})"
        finally:
            self.scope = outer
