"""Example results that every report is tested with: a plain one, a hostile one, an empty one and a large one."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lockgate.model import (
    Component,
    Confidence,
    Decision,
    Edit,
    Family,
    Finding,
    Fix,
    Location,
    Reason,
    Related,
    Result,
    Rule,
    RuleId,
    Run,
    Scope,
    SettledFinding,
    Severity,
    Skip,
    SkipKind,
    State,
    Subject,
    Verdict,
    WaiverUse,
)
from lockgate.reports import get

HOSTILE = (
    "evil\x1b[31m\u202e<script>alert(1)</script>|`*_[x](javascript:y)\r\n=cmd|' /C calc'!A0\udc80]]>&\"'@team #1\x00"
)


def location(path: str = "services/api/settings.py", line: int = 14, **more: object) -> Location:
    fields = {"end_line": line, "column": 11, "end_column": 31, "snippet": ('AWS_KEY = "AK****************"',)} | more
    return Location(path, line, **fields)  # type: ignore[arg-type]


def finding(
    rule: str = "secrets/aws-access-key-id", *, severity: Severity = Severity.CRITICAL, **more: object
) -> Finding:
    fields: dict[str, object] = {
        "family": Family(rule.split("/")[0]),
        "confidence": Confidence.HIGH,
        "subject": Subject("secret", "AWS access key AK****", "0123abcd"),
        "location": location(),
        "message": "An AWS access key id stands in the code.",
        "fix": Fix("Revoke the key and read it from the environment."),
    } | more
    return Finding(RuleId(rule), severity=severity, **fields)  # type: ignore[arg-type]


def settled(found: Finding, number: int = 1, **more: object) -> SettledFinding:
    fields: dict[str, object] = {"state": State.NEW, "locations": (found.location,)} | more
    return SettledFinding(found, f"lg1-{number:032x}", **fields)  # type: ignore[arg-type]


def rule(id: str = "secrets/aws-access-key-id", **more: object) -> Rule:
    fields: dict[str, object] = {
        "title": "AWS access key id",
        "why": "Whoever reads the code can act as the account.",
        "severity": Severity.CRITICAL,
        "confidence": Confidence.HIGH,
        "fix": "Revoke the key.",
        "tags": ("cwe-798",),
        "references": ("https://docs.example.org/keys",),
    } | more
    return Rule(RuleId(id), Family(id.split("/")[0]), **fields)  # type: ignore[arg-type]


def run(**more: object) -> Run:
    fields: dict[str, object] = {
        "id": "run-1",
        "started": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "ended": datetime(2026, 1, 2, 3, 4, 7, tzinfo=UTC),
        "root": "shop",
        "mode": "tree",
        "version": "0.1.0",
        "rules_digest": "sha256:" + "ab" * 32,
        "revision": "1a2b3c4d" * 5,
        "branch": "main",
        "families": (Family.SECRETS, Family.DEPENDENCIES),
        "files": 1204,
        "bytes": 5_000_000,
    } | more
    return Run(**fields)  # type: ignore[arg-type]


def components() -> tuple[Component, ...]:
    return (
        Component(
            "PyPI",
            "requests",
            "2.19.0",
            "requirements.txt",
            line=3,
            direct=True,
            licence="Apache-2.0",
            hashes=("sha256:" + "0a" * 32,),
            purl="pkg:pypi/requests@2.19.0",
        ),
        Component(
            "PyPI",
            "urllib3",
            "1.23",
            "requirements.txt",
            line=4,
            direct=False,
            parents=("requests@2.19.0",),
            via=("requests@2.19.0",),
            licence="MIT License",
            purl="pkg:pypi/urllib3@1.23",
        ),
        Component(
            "npm",
            "@shop/ui",
            "1.0.0",
            "web/package-lock.json",
            direct=True,
            scope=Scope.DEVELOPMENT,
            licence="MIT OR Apache-2.0",
            purl="pkg:npm/%40shop/ui@1.0.0",
            hashes=("sha512:" + "1b" * 64,),
        ),
    )


def vulnerability() -> Finding:
    return finding(
        "dependencies/known-vulnerability",
        severity=Severity.HIGH,
        subject=Subject("component", "requests 2.19.0", "PyPI/requests"),
        location=location("requirements.txt", 3, column=0, end_column=0, snippet=("requests==2.19.0",)),
        message="requests 2.19.0 sends credentials to the wrong host.",
        fix=Fix(
            "Raise requests to 2.20.0.",
            (Edit("requirements.txt", 3, 3, "requests==2.20.0\n", "requests==2.19.0"),),
        ),
        aliases=("CVE-2018-18074", "GHSA-x84v-xcm2-53pg", "PYSEC-2018-28"),
        facts=(
            Related("cvss", "7.5"),
            Related("ecosystem", "PyPI"),
            Related("fixed-in", "2.20.0"),
            Related("package", "requests"),
            Related("vector", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"),
            Related("version", "2.19.0"),
        ),
    )


@pytest.fixture
def result() -> Result:
    """Denied: one new secret in two places, one known vulnerability, one waived finding, one expired waiver."""
    secret = finding()
    waived = finding(severity=Severity.LOW, location=location("tests/fixture.py", 2))
    expired = finding(severity=Severity.MEDIUM, location=location("old.py", 9))
    waiver = {"id": "W-1", "by": "ada@example.org", "reason": "a test value", "where": "waivers.yaml:3"}
    return Result(
        run=run(),
        decision=Decision(
            "pull-request", Verdict.DENY, (Reason(Verdict.DENY, "deny[0]", "1 new secret", (f"lg1-{1:032x}",)),)
        ),
        findings=(
            settled(
                secret,
                1,
                locations=(secret.location, location("services/web/settings.py", 3)),
                owners=("@payments", "@platform"),
                introduced_by="Ada",
                introduced_at="2026-01-01T10:00:00+00:00",
                introduced_in="1a2b3c4d" * 5,
                first_seen="2026-01-02T03:04:05+00:00",
            ),
            settled(vulnerability(), 2, state=State.KNOWN),
            settled(expired, 3, waiver=WaiverUse(expires="2025-01-01", expired=True, **waiver)),
            settled(waived, 4, waiver=WaiverUse(expires="2027-01-01", **waiver)),
        ),
        fixed=(settled(finding(location=location("gone.py", 1)), 5, state=State.FIXED),),
        skips=(
            Skip("dump.bin", SkipKind.TOO_LARGE, "larger than 64 MB", "secrets"),
            Skip("poetry.lock", SkipKind.MALFORMED, "cut in half at line 12", "dependencies", 12),
        ),
        components=components(),
        rules={r.id: r for r in (rule(), rule("dependencies/known-vulnerability", title="Known vulnerability"))},
        coverage={"secrets": "1,204 files, 212 rules", "dependencies": "3 components, 200,000 advisories"},
        notices=("waivers.yaml:9: the waiver W-2 covers nothing",),
    )


@pytest.fixture
def clean() -> Result:
    """Allowed, with nothing to say."""
    return Result(run(), Decision("local", Verdict.ALLOW), (), (), (), (), {}, {"secrets": "3 files, 212 rules"})


@pytest.fixture
def hostile() -> Result:
    """Every text that a repository can set tries to break out of its report."""
    bad = finding(
        message=HOSTILE,
        subject=Subject("secret", HOSTILE, "k"),
        location=location(HOSTILE, 1, snippet=(HOSTILE, "=1+1"), pointer=HOSTILE),
        fix=Fix(HOSTILE),
        facts=(Related("note", HOSTILE),),
    )
    component = Component("npm", HOSTILE, HOSTILE, HOSTILE, licence=HOSTILE, hashes=(f"sha256:{HOSTILE}",))
    waiver = WaiverUse(HOSTILE, HOSTILE, HOSTILE, "2020-01-01", expired=True)
    return Result(
        run(root=HOSTILE, branch=HOSTILE),
        Decision("local", Verdict.WARN, (Reason(Verdict.WARN, HOSTILE, HOSTILE),), (HOSTILE,)),
        (settled(bad, 1, owners=(HOSTILE,), introduced_by=HOSTILE, introduced_in=HOSTILE, waiver=waiver),),
        (),
        (Skip(HOSTILE, SkipKind.MALFORMED, HOSTILE),),
        (component,),
        {},
        {HOSTILE: HOSTILE},
        (HOSTILE,),
    )


def many(count: int, *, severity: Callable[[int], Severity] = lambda n: Severity(n % 5)) -> Result:
    """A result of ``count`` findings, sorted worst first as the engine promises."""
    found = [
        settled(
            finding(
                f"secrets/rule-{n % 50}",
                severity=severity(n),
                location=location(f"src/module_{n % 997}/file.py", n + 1),
            ),
            n,
        )
        for n in range(count)
    ]
    found.sort(key=lambda s: (-s.finding.severity, s.finding.location.path, s.finding.location.line))
    return Result(run(), Decision("local", Verdict.WARN), tuple(found), (), (), (), {}, {})


def drawn(name: str, value: Result) -> str:
    """What the report of that name writes; always encodable, whatever the result holds."""
    out = io.StringIO(newline="")
    get(name).write(value, out)
    text = out.getvalue()
    text.encode("utf-8")
    return text


@pytest.fixture
def draw() -> Callable[[str, Result], str]:
    return drawn


@pytest.fixture
def large() -> Callable[..., Result]:
    return many
