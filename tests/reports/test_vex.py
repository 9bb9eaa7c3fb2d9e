"""OpenVEX and CSAF: how findings stand, by the official schema where Go's module cache has it."""

from __future__ import annotations

import io
import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from lockgate.formats import vex
from lockgate.formats.vex import Product, Status
from lockgate.model import (
    Component,
    Confidence,
    Decision,
    Family,
    Finding,
    ImageFacts,
    Location,
    Related,
    Result,
    RuleId,
    Run,
    SettledFinding,
    Severity,
    State,
    Subject,
    Verdict,
    WaiverUse,
)
from lockgate.reports import get

NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)
IMAGE = ImageFacts("sha256:" + "a1" * 32, "", "", "r.example.com/team/cart:1", "r.example.com", "team/cart", "1",
                   "linux/amd64")  # fmt: skip


def url(package):
    return f"pkg:deb/debian/{package}@1"


def finding(package, flaw, **more):
    facts = {"ecosystem": "Debian:12", "package": package, "version": "1"} | more.pop("facts", {})
    place = Location("var/lib/dpkg/status", len(package))
    subject = Subject("component", f"{package} 1", f"Debian:12\n{package}\n{flaw}")
    told = Finding(
        RuleId("dependencies/known-vulnerability"), Family.DEPENDENCIES, Severity.HIGH, Confidence.HIGH, subject, place,
        "affected", aliases=(flaw, f"DEBIAN-{flaw}"), facts=tuple(Related(*one) for one in sorted(facts.items())),
    )  # fmt: skip
    return SettledFinding(told, f"lg1-{package}", State.NEW, (place,), **more)


def result(image=True):
    waived = {"id": "w", "by": "ada", "expires": "2031-12-31"}
    findings = (
        finding("open", "CVE-2031-0001"),
        finding("accepted", "CVE-2031-0002", waiver=WaiverUse(reason="we live with it", **waived)),
        finding("absent", "CVE-2031-0003", waiver=WaiverUse(
            reason="not built in", status="not_affected", justification="vulnerable_code_not_present", **waived)),
        finding("mended", "CVE-2031-0004", waiver=WaiverUse(reason="fixed", status="fixed", **waived)),
        finding("stated", "GHSA-aaaa-bbbb-cccc", facts={"vex": "affected: upgrade"}),
        finding("expired", "CVE-2031-0005", waiver=replace(WaiverUse(reason="then", **waived), expired=True)),
    )  # fmt: skip
    components = tuple(
        Component("Debian:12", one.finding.fact("package"), "1", one.finding.location.path, one.finding.location.line,
                  purl=url(one.finding.fact("package")))
        for one in findings
    )  # fmt: skip
    run = Run("r", NOW, NOW, "cart", "image", "0.1.0", "digest")
    return Result(run, Decision("check", Verdict.DENY, ()), findings, (), (), components,
                  images=(IMAGE,) if image else ())  # fmt: skip


def written(name, told):
    out = io.StringIO()
    get(name).write(told, out)
    return out.getvalue()


STATUSES = {
    "open": Status.UNDER_INVESTIGATION, "accepted": Status.AFFECTED, "absent": Status.NOT_AFFECTED,
    "mended": Status.FIXED, "stated": Status.AFFECTED, "expired": Status.UNDER_INVESTIGATION,
}  # fmt: skip


@pytest.mark.parametrize("name", ["openvex", "csaf"])
@pytest.mark.parametrize("image", [True, False])
def test_what_is_written_is_read_again_with_every_finding(name, image):
    told = vex.read("a.json", written(name, result(image)).encode())
    whole = "pkg:oci/cart@sha256:" + "a1" * 32 + "?arch=amd64&repository_url=r.example.com%2Fteam%2Fcart&tag=1"
    for package, status in STATUSES.items():
        meant = Product((whole,), (url(package),)) if image else Product((url(package),))
        [one] = [one for one in told if meant in one.products]
        assert (package, one.status, one.fault) == (package, status, "")
    [absent] = [one for one in told if one.status is Status.NOT_AFFECTED]
    assert absent.justification == "vulnerable_code_not_present"
    assert "CVE-2031-0003" in absent.flaws


@pytest.mark.parametrize("name", ["openvex", "csaf"])
def test_the_same_result_makes_the_same_bytes(name):
    assert written(name, result()) == written(name, result())


@pytest.mark.parametrize("image", [True, False])
def test_csaf_is_what_the_official_schema_demands(image):
    done = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=False)
    found = sorted(Path(done.stdout.strip() or "/nowhere").glob(
        "github.com/*/csaf*/v3@*/csaf/schema/csaf_json_schema.json"))  # fmt: skip
    if not found:
        pytest.skip("the schema of CSAF is not in Go's module cache (go mod download github.com/gocsaf/csaf/v3)")
    schema = json.loads(found[-1].read_text())
    document = json.loads(written("csaf", result(image)))
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
    assert [f"{'/'.join(map(str, one.absolute_path))}: {one.message}" for one in errors][:5] == []


def test_openvex_has_what_its_schema_demands():
    document = json.loads(written("openvex", result()))
    assert {"@context", "@id", "author", "timestamp", "version", "statements"} <= set(document)
    for one in document["statements"]:
        if one["status"] == "not_affected":
            assert ("justification" in one) != ("impact_statement" in one)
        assert ("action_statement" in one) == (one["status"] == "affected")
        assert set(one) <= {"vulnerability", "products", "status", "justification", "impact_statement",
                            "action_statement", "status_notes"}  # fmt: skip
