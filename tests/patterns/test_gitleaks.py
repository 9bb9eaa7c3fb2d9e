"""Rule files in the form of gitleaks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpora import CORPORA

from lockgate.errors import ConfigurationError
from lockgate.patterns import Matcher, Target
from lockgate.patterns.gitleaks import load

FILE = rb"""
[allowlist]
paths = ['''\.lock$''']
stopwords = ["EXAMPLE"]
[[rules]]
id = "acme"
description = "An acme token"
regex = '''(acme)_([a-z]{8})'''
secretGroup = 2
entropy = 1.5
keywords = ["ACME_"]
[[rules.allowlists]]
condition = "AND"
regexTarget = "line"
regexes = ['''^#''']
paths = ['''\.md$''']
[[rules]]
id = "store"
path = '''\.p12$'''
"""


def test_all_rules_of_the_public_file_load_and_compile(tmp_path: Path) -> None:
    place = CORPORA / "gitleaks.toml"
    if not place.exists():
        pytest.skip("the gitleaks rule file is not in the corpora")
    rules = load(place.read_bytes())
    assert len(rules.patterns) == 222
    assert sum(bool(one.regex) for one in rules.patterns) == 221
    assert sum(bool(one.entropy) for one in rules.patterns) == 130
    assert sum(bool(one.path) for one in rules.patterns) == 5
    matcher = Matcher(rules.patterns, allow=rules.allow, cache_dir=tmp_path)
    content = b"-----BEGIN " + b"RSA PRIVATE KEY-----\n" + b"QUJD" * 400 + b"\n-----END " + b"RSA PRIVATE KEY-----\n"
    found = matcher.find(content, ("id_rsa",))
    assert [rules.patterns[hit.index].id for hit in found] == ["private-key"]
    assert (found[0].start, found[0].end) == (0, len(content) - 1)
    assert matcher.find(content, ("node_modules/x/id_rsa",)) == []


def test_every_part_of_a_rule_arrives() -> None:
    rules = load(FILE)
    acme, store = rules.patterns
    assert (acme.id, acme.group, acme.entropy, acme.keywords) == ("acme", 2, 1.5, ("acme_",))
    assert acme.allow[0].every
    assert acme.allow[0].target is Target.LINE
    assert (store.regex, store.path) == ("", r"\.p12$")
    assert rules.allow[0].stopwords == ("example",)
    assert rules.descriptions["acme"] == "An acme token"


def test_allowances_of_the_file_and_of_a_rule_hold() -> None:
    rules = load(FILE)
    matcher = Matcher(rules.patterns, allow=rules.allow)
    assert len(matcher.find(b"acme_qwertzui", ("a.py",))) == 1
    assert matcher.find(b"acme_qwertzui", ("a.lock",)) == []
    assert matcher.find(b"acme_examplea", ("a.py",)) == []
    assert matcher.find(b"# acme_qwertzui", ("a.md",)) == []
    assert len(matcher.find(b"# acme_qwertzui", ("a.py",))) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"not toml [",
        b"\xff\xfe",
        b'[extend]\npath = "other.toml"',
        b"rules = 3",
        b'[[rules]]\nid = "a"',
        b'[[rules]]\nregex = "a"',
        b'[[rules]]\nid = 3\nregex = "a"',
        b'[[rules]]\nid = "a"\nregex = "a"\n[[rules]]\nid = "a"\nregex = "b"',
        b'[[rules]]\nid = "a"\nregex = "("',
        b'[[rules]]\nid = "a"\nregex = "(a)"\nsecretGroup = 2',
        b'[[rules]]\nid = "a"\nregex = "a"\nentropy = "high"',
        b'[[rules]]\nid = "a"\nregex = "a"\nkeywords = "a"',
        b'[[rules]]\nid = "a"\nregex = "a"\n[[rules.allowlists]]\ncondition = "XOR"',
        b'[[rules]]\nid = "a"\nregex = "a"\n[[rules.allowlists]]\nregexes = ["("]',
    ],
)
def test_a_wrong_file_is_refused_with_its_place(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"own\.toml"):
        load(content, where="own.toml")


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_any_bytes_load_or_are_refused(content: bytes) -> None:
    with suppress(ConfigurationError):
        load(content)
