"""A fault of a Deployment is told at the Deployment, with the number of Pods that show it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.findings.controlled import folded
from lockgate.model import Confidence, Family, Object, Rule, RuleId, Severity
from lockgate.policy.catalogue import Hit
from lockgate.policy.catalogue.finding import finding

HASH = "6f4b7c9d5"


def fault(kind, name, *, owner=None, rule="policy/x", item="app", cluster="prod", namespace="shop"):
    group = "apps/v1" if kind != "Pod" else "v1"
    metadata = {"name": name, "namespace": namespace, "labels": {"pod-template-hash": HASH}}
    if owner:
        made = {"apiVersion": "apps/v1", "kind": owner[0], "name": owner[1], "controller": True}
        metadata["ownerReferences"] = [made]
    judged = Object("kubernetes", {"apiVersion": group, "kind": kind, "metadata": metadata}, cluster=cluster)
    about = Rule(RuleId(rule), Family.POLICY, "t", "w", Severity.HIGH, Confidence.HIGH, "f")
    return finding(Hit(about, "m", "/spec", item), judged)


DEPLOYMENT = fault("Deployment", "web")
REPLICA_SET = fault("ReplicaSet", f"web-{HASH}", owner=("Deployment", "web"))
PODS = [fault("Pod", f"web-{HASH}-{number}", owner=("ReplicaSet", f"web-{HASH}")) for number in range(3)]


def never(one):
    return False


def test_pods_and_replica_sets_are_counted_at_their_deployment():
    done = folded([*PODS, DEPLOYMENT, REPLICA_SET], never)
    (told,) = done.findings
    assert (told.subject, told.message, done.gone) == (DEPLOYMENT.subject, DEPLOYMENT.message, 4)
    assert told.fact("shown-by") == "3 Pod, 1 ReplicaSet"


def test_old_pods_of_a_deployment_that_was_mended_are_told_at_their_replica_set():
    done = folded([*PODS, REPLICA_SET], never)
    assert [(one.subject, one.fact("shown-by")) for one in done.findings] == [(REPLICA_SET.subject, "3 Pod")]


def test_what_no_controller_shows_stays():
    others = [fault("Deployment", "web", **more) for more in (
        {"rule": "policy/y"}, {"item": "log"}, {"cluster": "test"}, {"namespace": "other"})]  # fmt: skip
    assert folded([*PODS, *others], never).findings == [*PODS, *others]


def test_manifests_in_files_are_not_folded():
    made = fault("Pod", f"web-{HASH}-1", owner=("Deployment", "web"), cluster="")
    files = [made, fault("Deployment", "web", cluster="")]
    assert folded(files, never).findings == files


def test_a_waiver_of_the_controller_alone_hides_no_pod():
    done = folded([PODS[0], DEPLOYMENT], lambda one: one is DEPLOYMENT)
    assert done.findings == [PODS[0], DEPLOYMENT]
    assert folded([PODS[0], DEPLOYMENT], lambda one: True).gone == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*PODS, REPLICA_SET, DEPLOYMENT]), unique=True, max_size=5), st.integers(0, 7))
def test_nothing_is_lost_and_what_was_open_stays_open(findings, mask):
    def waived(one):
        return bool(mask >> [DEPLOYMENT, REPLICA_SET].index(one) & 1) if one in (DEPLOYMENT, REPLICA_SET) else mask > 3

    done = folded(findings, waived)
    assert len(done.findings) + done.gone == len(findings)
    plain = {one.subject.key for one in done.findings if not waived(findings[_at(findings, one)])}
    assert bool(plain) == any(not waived(one) for one in findings)


def _at(findings, told):
    return next(number for number, one in enumerate(findings) if one.subject == told.subject)
