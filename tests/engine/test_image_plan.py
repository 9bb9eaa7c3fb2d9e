"""What mends the packages of an image, from its findings, its layers and its base."""

from dataclasses import replace

from lockgate.engine.image_plan import NewerBase, plan
from lockgate.formats.oci.bases import Base
from lockgate.model import (
    Confidence,
    Family,
    Finding,
    LayerFacts,
    Location,
    PlanAction,
    Related,
    RuleId,
    SettledFinding,
    Severity,
    State,
    Subject,
    WaiverUse,
)

LAYERS = (
    LayerFacts(0, "sha256:base", "", "", 1, "ADD base"),
    LayerFacts(1, "sha256:own", "", "", 1, "RUN apt-get install curl", 14),
)
BASE = Base("debian:12", "sha256:old", 1)


def flaw(package, cve, *, layer="sha256:own", fixed="", severity=Severity.HIGH, version="1.0-1", **facts):
    given = {
        "ecosystem": "Debian:12", "package": package, "version": version, "layer": layer, "fixed-in": fixed,
        **{name.replace("_", "-"): value for name, value in facts.items()},
    }  # fmt: skip
    finding = Finding(
        RuleId("dependencies/known-vulnerability"), Family.DEPENDENCIES, severity, Confidence.HIGH,
        Subject("component", f"{package} {version}", f"Debian:12\n{package}\n{cve}"), Location("var/lib/dpkg/status"),
        "", facts=tuple(Related(name, value) for name, value in given.items() if value),
    )  # fmt: skip
    return SettledFinding(finding, f"lg1-{package}-{cve}", State.NEW, (finding.location,))


def newer(*left, unjudged=()):
    return NewerBase("debian:12", "sha256:new", frozenset(left), frozenset(unjudged))


def test_an_own_package_is_upgraded_in_the_layer_and_at_the_line_that_brought_it():
    (step,) = plan([flaw("curl", "CVE-1", fixed="1.0-2")], LAYERS, BASE, None)
    assert step.text == "upgrade curl to 1.0-2 in your layer 1 (RUN apt-get install curl, Dockerfile line 14)"
    assert (step.action, step.layer, step.target, step.packages) == (PlanAction.UPGRADE, 1, "1.0-2", ("curl 1.0-1",))


def test_several_flaws_and_packages_of_one_source_are_one_step_to_the_highest_version():
    found = [
        flaw("curl", "CVE-1", fixed="1.0-9", source="curl 1.0-1"),
        flaw("libcurl4", "CVE-2", fixed="1.0-10", source="curl 1.0-1", severity=Severity.LOW),
    ]
    (step,) = plan(found, LAYERS, BASE, None)
    assert step.text.startswith("upgrade curl, libcurl4 to 1.0-10 in your layer 1 ")
    assert step.severities == (Severity.HIGH, Severity.LOW)
    assert step.identities == ("lg1-curl-CVE-1", "lg1-libcurl4-CVE-2")


def test_what_came_with_the_base_is_mended_by_the_newer_base_that_no_longer_has_it():
    found = [flaw("libssl3", "CVE-1", layer="sha256:base", fixed="1.0-2"), flaw("zlib1g", "CVE-2", layer="sha256:base")]
    (step,) = plan(found, LAYERS, BASE, newer())
    assert step.target == "debian:12@sha256:new"
    assert step.text == (
        "rebuild on base debian:12@sha256:new, which no longer has this: libssl3 1.0-1, zlib1g 1.0-1"
    )  # fmt: skip


def test_the_newer_base_is_not_named_for_what_it_still_has_or_what_nobody_could_compare():
    found = [flaw("libssl3", "CVE-1", layer="sha256:base", fixed="1.0-2")]
    for one in (newer(("Debian", "libssl3", "CVE-1")), newer(unjudged=["Debian"])):
        (step,) = plan(found, LAYERS, BASE, one)
        assert step.text == (
            "upgrade libssl3 to 1.0-2 in a layer of yours: base debian:12 brought it, and its newest still has this"
        )


def test_without_a_newer_base_in_the_record_none_is_named():
    (step,) = plan([flaw("libssl3", "CVE-1", layer="sha256:base", fixed="1.0-2")], LAYERS, BASE, None)
    assert (step.action, step.target) == (PlanAction.REBUILD, "")
    assert "rebuild on a newer base debian:12 (the record knows none yet)" in step.text


def test_where_no_base_is_known_a_layer_is_not_called_yours():
    for base, layers in ((None, LAYERS), (Base("debian:12", ""), LAYERS[:1])):  # one layer alone may hold both
        (step,) = plan([flaw("libssl3", "CVE-1", layer="sha256:base", fixed="1.0-2")], layers, base, None)
        assert step.text == "upgrade libssl3 to 1.0-2 in layer 0 (ADD base)"


def test_what_no_upgrade_mends_comes_last_with_how_it_stands():
    found = [
        flaw("a", "CVE-1", fix_state="will-not-fix", fixed="9", severity=Severity.CRITICAL),
        flaw("b", "CVE-2"), flaw("c", "CVE-3"), flaw("d", "CVE-4", fix_state="end-of-life"),
        flaw("e", "CVE-5", fixed="1.0-2", severity=Severity.LOW),
    ]  # fmt: skip
    steps = plan(found, LAYERS, BASE, None)
    assert [one.text for one in steps[1:]] == [
        "no upgrade mends b 1.0-1, c 1.0-1: no fixed version is known",
        "no upgrade mends a 1.0-1: the distribution will not fix it",
        "no upgrade mends d 1.0-1: the distribution no longer mends this release",
    ]
    assert steps[0].action is PlanAction.UPGRADE


def test_steps_that_mend_most_come_first_and_of_as_many_the_worst():
    found = [
        flaw("low", "CVE-1", fixed="2", severity=Severity.LOW), flaw("high", "CVE-2", fixed="2"),
        flaw("two", "CVE-3", fixed="2", severity=Severity.LOW), flaw("two", "CVE-4", fixed="2", severity=Severity.LOW),
    ]  # fmt: skip
    assert [one.packages[0].split()[0] for one in plan(found, LAYERS, BASE, None)] == ["two", "high", "low"]


def test_the_end_of_a_distribution_goes_with_a_base_on_one_that_is_mended():
    end = flaw("debian", "", layer="sha256:base", ends="2022-07-01")
    end = replace(end, finding=replace(end.finding, subject=Subject("component", "debian 9", "debian\n9")))
    (step,) = plan([end], LAYERS, BASE, newer())
    assert step.action is PlanAction.REBUILD
    (step,) = plan([end], LAYERS, BASE, newer(("debian", "10")))
    assert step.text.endswith(": end of life 2022-07-01")


def test_the_end_of_a_runtime_goes_with_a_base_whose_runtime_is_mended():
    end = flaw("nodejs", "end of life of 18.1.0-1nodesource1", layer="sha256:base", ends="2025-04-30")
    (step,) = plan([end], LAYERS, BASE, newer())
    assert step.action is PlanAction.REBUILD
    (step,) = plan([end], LAYERS, BASE, newer(("Debian", "nodejs", "end of life of 20.1.0-1nodesource1")))
    assert step.action is PlanAction.NONE


def test_waived_findings_and_those_of_other_families_are_not_planned_for():
    waived = replace(flaw("a", "CVE-1"), waiver=WaiverUse("w", "me", "so", "2099-01-01"))
    other = flaw("b", "CVE-2")
    other = replace(other, finding=replace(other.finding, family=Family.IMAGES))
    assert plan([waived, other], LAYERS, BASE, None) == ()


def test_of_a_base_that_only_its_name_is_known_of_the_first_layer_is_rebuilt():
    named, found = Base("debian:12", ""), [flaw("libssl3", "CVE-1", layer="sha256:base", fixed="1.0-2")]
    (step,) = plan(found, LAYERS, named, newer())
    assert (step.action, step.target) == (PlanAction.REBUILD, "debian:12@sha256:new")
    (unknown,) = plan(found, LAYERS, named, None)
    assert unknown.text.startswith("rebuild on a newer base debian:12 (the record knows none yet)")


def test_what_the_newest_image_of_the_name_has_too_came_with_the_base_and_nothing_else_did():
    named = Base("debian:12", "")
    found = [flaw("curl", "CVE-1", fixed="1.0-2"), flaw("jq", "CVE-2", fixed="1.0-3")]
    has_curl = replace(newer(), packages=frozenset({("Debian", "curl")}))
    steps = {one.packages: one for one in plan(found, LAYERS, named, has_curl)}
    assert steps["curl 1.0-1",].target == "debian:12@sha256:new"
    assert steps["jq 1.0-1",].action is PlanAction.UPGRADE
    # Where the layers of the base are known they decide.
    assert {one.action for one in plan(found, LAYERS, BASE, has_curl)} == {PlanAction.UPGRADE}
