"""What is read line by line is what libyaml reads, values, lines and count of nodes alike; the rest is left to it."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockgate.formats import yaml_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.manifests import _block, _go_yaml
from lockgate.formats.objects import escaped
from lockgate.model import Family
from lockgate.rules import expand_sample, load

DEPLOYMENT = b"""---
# one of each form
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  labels: {app: cart, tier: 'a'}
  annotations:
    x: "on"
    harbour.example/port: "8080"   # quoted
    url: http://cart.shop:80/a?c=d
    note: it's 5 o'clock, [or] {so} & * !
spec:
    replicas: 0x10
    empty:
    nothing: ~
    ratio: 1e3
    template:
        spec:
            containers:
            - name: app
              args: ["--listen", 0.0.0.0, 80, true]
              command:
                - sh
                - -c
                - |
                  set -e

                    indented
                  exit 0

              env: []
            -
              name: other
              size: 010
            volumes:
              - name: a
                emptyDir: {}
              - {name: b, secret: {secretName: "s", items: [{key: k, path: 8}, {}, []], optional: true}}  # nested
            tolerations: [{key: a, values: ["x", ['y', []]]}, {key: b}]
            last: |-
              no line after this

"""


def both(chunk: bytes) -> bool:
    """Whether the document was read line by line; then libyaml must have read the same."""
    block = _block.read(chunk)
    if block is None:
        return False
    (root,) = yaml_safe.compose_all(chunk)
    value, repeated = _go_yaml.value_of(root)
    assert not repeated
    assert repr(block.value) == repr(value)
    assert block.nodes == root.size
    pending = [([], value)]
    for parts, one in pending:
        for asked in (parts, [*parts, "nothing"], [*parts, "0"]):
            pointer = "".join(f"/{escaped(part)}" for part in asked)
            assert block.line_of(pointer) == _go_yaml.line_of(root, asked), asked
        members = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        pending += [([*parts, str(key)], member) for key, member in members]
    return True


def test_the_usual_forms_are_read():
    assert both(DEPLOYMENT)
    assert both(DEPLOYMENT.replace(b"\n", b"\r\n"))
    assert both(DEPLOYMENT.replace(b"# one", "# één".encode()))
    assert both(b"- a\n- b: 1\n  c:\n  - d\n- -1\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "<<: {a: b}\n",
        "a: >\n  folded\n",
        "a: |2\n   x\n",
        "a: b\n  c\n",
        "a:\n  b\n",
        "a: 1\na: 2\n",
        "{a: 1}\n",
        "- - a\n",
        "a: 'it''s'\n",
        'a: "\\n"\n',
        "a:\t1\n",
        "? a\n: b\n",
        "a: .inf\n",
        "1: a\n",
        "on: a\n",
        "a: b: c\n",
        "a: - b\n",
        "a: b\n c: d\n",
        "  a: b\n c: d\n",
        "a: b\n- c\n",
        "- a\nb: c\n",
        "a\n",
        "",
        "# a\n",
        "a: @b\n",
        "a: [b, [c]] d\n",
        "a: [b, [c]]#\n",
        "a: [b, [c, ]]\n",
        "a: [b, [c]\n",
        "a: [b, [c]]]\n",
        "a: [b,\n  [c]]\n",
        "a: {b: {c: 1, c: 2}}\n",
        "a: {b: {on: 1}}\n",
        "a: {b: {c:1}}\n",
        "a: {b: [c: d]}\n",
        "a: {b: [.inf]}\n",
        "a: {b: [&c d]}\n",
        "a: {b: }\n",
        "[a, [b]]\n",
        f"a: {'[' * 30}{']' * 30}\n",
        "a: {b: 1, b: 2}\n",
        "a: |\n\n  b\n",
        "a: |\n  b",
        "a: |\nb: c\n",
        "a: |\n    b\n  c: d\n",
        "a: %b\n",
        "...\n",
        "a: b\n...\n",
        "%YAML 1.1\n---\na: b\n",
        "a: \u2028b\n",
        "a: \x07\n",
        "a: 'b\n  c'\n",
        "a: {b:c}\n",
        "a: -.inf\n",
        "\ufeffa: b\n",
        "".join(f"{' ' * n}a:\n" for n in range(80)),
    ],
)
def test_what_is_anything_else_is_left_to_libyaml(text):
    assert _block.read(text.encode()) is None


def documents():
    for rule in load((Family.POLICY,)).of(Family.POLICY):
        for sample in rule.samples:
            text = expand_sample(sample.text)
            if "apiVersion" in text and "{" not in text[:1]:
                yield from (part.encode() for part in f"\n{text}".split("\n---\n"))


def test_samples_of_the_rulebook_are_mostly_read():
    read = [both(one) for one in documents()]
    assert len(read) > 800
    assert sum(read) > 0.8 * len(read)


INSERTED = [
    "  ", " ", "- ", "-", ":", " #", "#", "\n", "|", "|-", '"', "'", "[]", "{}", "[a, b]", "{a: b}", "[", "]", "{",
    "}", ", ", "{a: [b, {c: d}]}", "~", "null", "true", "0x1", "1e3", ".inf", "&a ", "*a", "!x ", "<<: ", "\n\n",
    "    \n", "? ", "---\n", "...\n", "\t", "é", ">", "a: ", "- - ", " : ", "%", "@", "`", "1_000", "=", "a b", "\r",
    "\x85",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_what_is_spoilt_is_read_as_libyaml_reads_it_or_not_at_all(seed):
    chance = random.Random(seed)
    texts = [DEPLOYMENT, *list(documents())[seed::7]]
    read = 0
    for _ in range(1200):
        text = chance.choice(texts).decode()
        for _ in range(chance.randrange(1, 3)):
            at = chance.randrange(len(text) + 1)
            if chance.random() < 0.6:
                text = text[:at] + chance.choice(INSERTED) + text[at:]
            else:
                text = text[:at] + text[at + chance.randrange(1, 4) :]
        read += both(text.encode())
    assert read > 100


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([*"ab:\n| 1'\"[],#{}", ": ", "- ", "  "]), max_size=25))
@example(["a", ": ", "[", "{", "a", ": ", "[", "]", "}", ",", "b", "]"])
def test_any_text_is_read_as_libyaml_reads_it_or_not_at_all(pieces):
    chunk = "".join(pieces).encode()
    try:
        both(chunk)
    except FormatError:
        pytest.fail(f"libyaml refuses {chunk!r}")


@settings(max_examples=400, deadline=None)
@given(st.recursive(
    st.sampled_from(["a", "1", "true", "~", "'b c'", '"d"', "0x1", "-"]),
    lambda inner: st.lists(inner, max_size=4).map(lambda many: f"[{', '.join(many)}]")
    | st.dictionaries(st.sampled_from(["k", "on", "l/m", "1"]), inner, max_size=3).map(
        lambda some: "{" + " , ".join(f"{key}:  {value}" for key, value in some.items()) + "}"
    ),
))  # fmt: skip
def test_lists_and_maps_in_brackets_are_read_as_libyaml_reads_them_or_not_at_all(text):
    both(f"a:\n- b: {text} # c\n- {text}\n- c\n".encode())


def test_long_lines_take_time_in_proportion():
    for line in (
        "a: " + "b " * 50_000 + ": c",
        "a: " + "b:" * 50_000,
        "- " * 50_000,
        "a: [" + "b, " * 50_000,
        "a: " + "[" * 50_000,
        "a: " + "[{a: " * 50_000,
        "a: {b: [" + "c, " * 50_000,
        "a: '" * 50_000,
    ):
        assert _block.read(line.encode() + b"\n") is None


def test_manifests_of_the_corpus_are_read_alike(corpora):
    read = [
        both(chunk)
        for path in sorted((corpora / "checkov-fixtures" / "kubernetes").rglob("*.yaml"))
        for chunk in path.read_bytes().split(b"\n---\n")
    ]
    assert sum(read) > 0.9 * len(read)
