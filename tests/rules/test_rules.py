"""Every sample of every rule, judged by the scanner of its family; and every secret pattern by both engines."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import re2

from lockgate import rules
from lockgate.model import Family, File, Finding, Rule, Sample
from lockgate.scanners import ScanContext, Scanner, Session

BOOK = rules.load()
PATTERNS = [rule for rule in BOOK.of(Family.SECRETS) if "pattern" in rule.logic]
GENERIC = frozenset(
    f"secrets/{name}"
    for name in (
        "generic-api-key", "generic-uuid-credential",
        "jwt", "bearer-header", "basic-auth-header", "curl-user-password", "private-key-pkcs8",
        "private-key-putty",
    )
)  # fmt: skip
"""Rules that may see what a more special rule sees as well; the scanner then lets the special one speak."""
BESIDE: dict[str, set[str]] = {"secrets/file-transfer-client-account": {"secrets/file-transfer-client"}}
"""What else stands in a sample that cannot be without it."""
DEFAULT_PATHS = {Family.DOCKERFILES: "Dockerfile", Family.POLICY: "sample.yaml"}
FILE_FAMILIES = {Family.SECRETS, Family.DOCKERFILES, Family.POLICY, Family.IMAGES, Family.MALWARE}


def test_no_secret_family_is_thin() -> None:
    assert len(PATTERNS) >= 180


@pytest.mark.parametrize("rule", PATTERNS, ids=lambda rule: rule.id)
def test_a_pattern_finds_its_firing_samples_and_only_those(rule: Rule) -> None:
    pattern = re2.compile(rule.logic["pattern"])
    for sample in rule.samples:
        text = rules.expand_sample(sample.text)
        if sample.fires:
            assert pattern.search(text), text
            keywords = rule.logic.get("keywords", [""])
            assert any(word in text.lower() for word in keywords), "no keyword stands in the sample"


def test_every_pattern_compiles_in_hyperscan() -> None:
    hyperscan = pytest.importorskip("hyperscan")
    expressions = [rule.logic["pattern"].encode() for rule in PATTERNS]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=expressions, ids=list(range(len(expressions))), flags=[0] * len(expressions))
    assert database.info()


def test_no_two_special_patterns_claim_the_same_sample() -> None:
    compiled = {rule.id: re2.compile(rule.logic["pattern"]) for rule in PATTERNS}
    clashes = [
        (rule.id, other.id)
        for rule in PATTERNS
        for sample in rule.samples
        if sample.fires
        for text in [rules.expand_sample(sample.text)]
        for other in PATTERNS
        if other.id not in {rule.id, *GENERIC}
        and any(word in text.lower() for word in other.logic.get("keywords", [""]))
        and _speaks(other, compiled[other.id], text)
    ]
    assert clashes == []


def _speaks(rule: Rule, pattern: re2._Regexp, text: str) -> bool:
    """Whether the pattern matches and no allowance of the rule takes the match back."""
    for match in pattern.finditer(text):
        groups = [group for group in match.groups() if group]
        secret = groups[0] if groups else match.group()
        line = text[text.rfind("\n", 0, match.end()) + 1 :].split("\n")[0] or text
        allowed = any(re2.search(allow, secret) for allow in rule.logic.get("allow", ()))
        excused = any(re2.search(allow, line) for allow in rule.logic.get("allow_line", ()))
        near = any(word in text.lower() for word in rule.logic.get("context", [""]))
        if near and not (allowed or excused):
            return True
    return False


def _samples() -> Iterator[tuple[Rule, Sample]]:
    for rule in BOOK.rules:
        if rule.family in FILE_FAMILIES:
            for sample in rule.samples:
                yield rule, sample


def _scanner_of(rule: Rule) -> str:
    if "among" in rule.logic:
        return "relations"
    return "infrastructure" if "types" in rule.logic else rule.family.value


@cache
def _session(name: str) -> Session:
    """One session for all samples: building the engine costs more than judging them."""
    scanner: Scanner = importlib.import_module(f"lockgate.scanners.{name}").SCANNER
    options = {}
    if scanner.family is Family.MALWARE:  # ships no YARA rules; the rule of the rulebook has some for its samples
        pytest.importorskip("yara_x")
        options = {"rules": [(rule.id, rule.logic["sample_rules"]) for rule in BOOK.of(Family.MALWARE)]}
    context = ScanContext(salt=b"salt of the sample tests", today="2026-11-26", options=options)
    return scanner.start(BOOK.of(scanner.family), context)


@pytest.mark.parametrize(
    ("rule", "sample"), [pytest.param(r, s, id=f"{r.id}-{'fires' if s.fires else 'quiet'}") for r, s in _samples()]
)
def test_a_scanner_says_of_a_sample_what_the_rule_promises(rule: Rule, sample: Sample) -> None:
    content = rules.expand_sample(sample.text).encode()
    path = sample.path or DEFAULT_PATHS.get(rule.family, "sample.txt")
    file = File(path=path, size=len(content), load=lambda: content)
    session = _session(_scanner_of(rule))
    answers = list(session.feed(file))
    if "among" in rule.logic:  # says what it says once it has seen every object
        answers += session.finish()
    findings = [item for item in answers if isinstance(item, Finding)]
    said = {str(finding.rule) for finding in findings}
    if not sample.fires:
        assert rule.id not in said
        return
    assert rule.id in said
    if rule.family is Family.SECRETS:
        assert said - {rule.id} <= BESIDE.get(str(rule.id), set()), "another rule speaks as well"
    if sample.lines:
        assert sorted(finding.location.line for finding in findings if finding.rule == rule.id) == list(sample.lines)


@pytest.mark.parametrize("family", rules.OWN_FAMILIES)
def test_no_rule_file_holds_a_credential_itself(family: Family) -> None:
    folder = Path(rules.__file__).parent / family.value
    said = []
    for path in sorted(folder.glob("*.yaml")):
        content = path.read_bytes()
        file = File(path=f"rules/{path.name}", size=len(content), load=lambda content=content: content)
        said += [item.location for item in _session(Family.SECRETS.value).feed(file) if isinstance(item, Finding)]
    assert said == []
