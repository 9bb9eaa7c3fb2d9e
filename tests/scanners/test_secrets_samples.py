"""Every sample of every secrets rule, judged by the scanner itself with that rule alone."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.model import Family, File, Finding, Rule, Sample
from lockgate.patterns import Matcher
from lockgate.patterns.matcher import compile_joined
from lockgate.rules import expand_sample, load
from lockgate.scanners import ScanContext
from lockgate.scanners.secrets import SCANNER
from lockgate.scanners.secrets._candidates import address_patterns, password_patterns
from lockgate.scanners.secrets._catalog import build
from lockgate.scanners.secrets._shapes import ENDS

RULES = load([Family.SECRETS]).rules
PATTERNS = build(RULES, {}).patterns


def lines_where_it_fires(rule: Rule, sample: Sample) -> set[int]:
    content = expand_sample(sample.text).encode()
    session = SCANNER.start([rule], ScanContext(salt=b"s" * 16))
    rows = list(session.feed(File(sample.path or "config.txt", len(content), lambda: content)))
    return {row.location.line for row in rows if isinstance(row, Finding) and row.rule == rule.id}


@pytest.mark.parametrize("rule", RULES, ids=[str(rule.id) for rule in RULES])
def test_each_sample_gets_the_answer_it_states(rule: Rule) -> None:
    for sample in rule.samples:
        lines = lines_where_it_fires(rule, sample)
        assert bool(lines) == sample.fires, f"{sample.path}: {sample.text!r} {sample.note}"
        if sample.lines:
            assert lines == set(sample.lines), sample.text


def test_every_sample_is_matched_alike_with_and_without_hyperscan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.patterns.matcher.PATIENCE", 10**15)
    patient, eager = Matcher(PATTERNS, patient=True), Matcher(PATTERNS)
    monkeypatch.setattr(patient, "_open", lambda: pytest.fail("no sample is odd"))
    hits = 0
    for rule in RULES:
        for sample in rule.samples:
            content, paths = expand_sample(sample.text).encode(), (sample.path or "config.txt",)
            found = eager.find(content, paths)
            assert patient.find(content, paths) == found, f"{rule.id}: {sample.text!r}"
            hits += len(found)
    assert hits > 400


IMPLIED = (
    "elastic-api-key", "datadog-app-key", "datadog-api-key", "elevenlabs-api-key", "twilio-api-key", "splunk-hec-token",
    "salesforce-client-secret", "ethereum-private-key", "svix-token", "facebook-app-secret", "infisical-service-token",
    "wireguard-private-key", "azure-storage-account-key", "line-channel-token",
)  # fmt: skip
"""Rules whose keywords are parts of what the pattern demands, chosen so that few files hold one."""


@pytest.mark.parametrize("pattern", [one for one in PATTERNS if one.id.removeprefix("secrets/") in IMPLIED], ids=str)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_a_pattern_matches_holds_one_of_its_keywords(pattern, data) -> None:
    text = data.draw(st.from_regex(pattern.regex, alphabet=st.characters(max_codepoint=126))).lower()
    assert any(keyword in text for keyword in pattern.keywords)


@pytest.mark.parametrize(
    "pattern", [one for one, _ in (*password_patterns(), *address_patterns())], ids=lambda one: one.id
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_a_shape_matches_holds_one_of_its_keywords(pattern, data) -> None:
    text = data.draw(st.from_regex(pattern.regex, alphabet=st.characters(max_codepoint=126))).lower()
    assert any(keyword in text for keyword in pattern.keywords)


@pytest.mark.parametrize("shape", list(ENDS))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_wherever_a_shape_ends_what_hyperscan_is_asked_ends(shape, data) -> None:
    text = data.draw(st.from_regex(shape, alphabet=st.characters(max_codepoint=126))).encode()
    ends = [match.end() for match in compile_joined((shape,)).finditer(text)]
    assert ends
    for end in ends:
        assert compile_joined((rf"(?:{ENDS[shape]})\z",)).search(text[:end])
