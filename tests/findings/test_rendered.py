"""One fault at one line is told once, and no waiver of one environment hides another's."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.findings.rendered import told_once
from lockgate.model import Confidence, Family, Finding, Location, Related, RuleId, Severity, Subject


def fault(made="", *, name="web", line=7, path="base/pod.yaml", rule="policy/x", item="app", kind="object"):
    return Finding(
        RuleId(rule), Family.POLICY, Severity.HIGH, Confidence.HIGH,
        Subject(kind, name, f"/Pod|{name}|spec/tty|{item}"), Location(path, line, line), "m",
        facts=(Related("generated-by", made),) if made else (),
    )  # fmt: skip


def never(finding):
    return False


def test_the_file_speaks_for_the_overlays_made_of_it():
    plain = fault()
    (told,) = told_once([fault("kustomize prod", name="prod/web"), plain, fault("kustomize test")], never)
    assert told.subject == plain.subject
    assert told.fact("generated-by") == "kustomize prod; kustomize test"


def test_what_differs_in_line_rule_item_or_path_is_told():
    others = [fault("b", line=8), fault("b", rule="policy/y"), fault("b", item="log"), fault("b", path="x")]
    assert told_once([fault("a"), *others], never) == [fault("a"), *others]


def test_a_waiver_of_one_environment_hides_no_other():
    findings = [fault(), fault("prod", name="prod/web"), fault("test", name="test/web")]
    told = told_once(findings, lambda one: one.subject.name == "web")
    assert [one.subject.name for one in told] == ["web", "prod/web"]
    told = told_once(findings, lambda one: one.subject.name == "test/web")
    assert [one.subject.name for one in told] == ["web"]


def test_without_a_line_there_is_no_one_place():
    findings = [fault("a", line=0), fault("b", line=0)]
    assert told_once(findings, never) == findings


def test_many_makers_are_counted():
    (told,) = told_once([fault(f"o{number}") for number in range(9)], never)
    assert told.fact("generated-by") == "o0; o1; o2; o3; o4; 4 more"


FAULTS = st.builds(
    fault, st.sampled_from(["", "a", "b"]), name=st.sampled_from(["v", "w"]), line=st.integers(0, 2),
    item=st.sampled_from(["i", "j"]), kind=st.sampled_from(["object", "file"]),
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FAULTS, max_size=8), st.sets(st.sampled_from(["v", "w"])))
def test_every_fault_is_still_told_at_its_place_and_openly_where_it_was_open(findings, waived):
    def is_waived(one):
        return one.subject.name in waived

    told = told_once(findings, is_waived)

    def places(some):
        return {(one.rule, one.location.path, one.location.line, one.subject.key[-1], one.subject.kind) for one in some}

    assert places(told) == places(findings)
    assert places(one for one in told if not is_waived(one)) == places(one for one in findings if not is_waived(one))
    written = [(one.subject, one.location) for one in findings if not one.fact("generated-by")]
    assert all((one, place) in [(kept.subject, kept.location) for kept in told] for one, place in written)
