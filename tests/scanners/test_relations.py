"""What manifests say of each other: in a tree, in a cluster, and where only a change is judged."""

from lockgate.model import Family, File, Finding, Object, Skip
from lockgate.rules import load
from lockgate.scanners import ScanContext, objects, relations
from lockgate.scanners.relations import _session

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec:\n  selector: {app: card}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  template:
    metadata:
      labels: {app: %s}
    spec: {containers: [{name: cart}]}
"""
RULES = load().of(Family.POLICY)
SELECTS_NOTHING = "policy/service-selects-nothing"


def file(path, text, **more):
    content = text.encode()
    return File(path=path, size=len(content), load=lambda: content, **more)


def session():
    return relations.SCANNER.start(RULES, ScanContext(salt=b"x" * 16))


def put(one, *files):
    answers = [answer for each in files for answer in one.feed(each)] + list(one.finish())
    assert not [answer for answer in answers if isinstance(answer, Skip)]
    return {(str(answer.rule), answer.location.path, answer.location.line) for answer in answers}


def test_two_files_are_seen_beside_each_other():
    found = put(session(), file("a.yaml", SERVICE), file("b/c.yaml", DEPLOYMENT % "cart"))
    assert (SELECTS_NOTHING, "a.yaml", 5) in found
    assert not put(session(), file("a.yaml", SERVICE), file("b/c.yaml", DEPLOYMENT % "card"))


def test_a_source_is_judged_for_itself():
    one = session()
    assert put(one, file("a.yaml", SERVICE), file("b.yaml", DEPLOYMENT % "cart"))
    assert not put(one, file("b.yaml", DEPLOYMENT % "cart"))
    assert "3 objects" in one.coverage()


def test_a_change_alone_says_nothing():
    changed = file("a.yaml", SERVICE, changed_lines=frozenset({1}))
    assert not put(session(), changed, file("b.yaml", DEPLOYMENT % "cart"))


def test_a_tree_without_manifests_costs_nothing():
    one = session()
    assert not put(one, file("a.yaml", "x: 1"))
    assert one.policies is None
    assert one.coverage() == ""


def test_too_many_objects_are_a_skip(monkeypatch):
    monkeypatch.setattr(_session, "MOST_OBJECTS", 1)
    one = session()
    answers = list(one.feed(file("a.yaml", f"{SERVICE}---\n{SERVICE}"))) + list(one.finish())
    assert [type(answer) for answer in answers] == [Skip]


def test_objects_of_a_cluster_are_seen_beside_each_other():
    def row(kind, version, spec, **metadata):
        body = {"apiVersion": version, "kind": kind, "metadata": {"namespace": "shop", **metadata}, "spec": spec}
        return Object("kubernetes", body, f"cluster:shop/{kind}/{metadata['name']}")

    service = row("Service", "v1", {"selector": {"app": "card"}}, name="cart")
    pod = row("Pod", "v1", {"containers": []}, name="cart-1", labels={"app": "card"})
    owned = row("Pod", "v1", {"containers": []}, name="cart-2", ownerReferences=[{"kind": "ReplicaSet"}])
    one = objects.SCANNER.start(RULES, ScanContext(salt=b"x" * 16))
    for each in (service, owned):
        list(one.feed(each))
    assert [each.body["metadata"]["name"] for each in one.held] == ["cart"]
    list(one.feed(pod))
    found = [answer for answer in one.finish() if isinstance(answer, Finding)]
    assert SELECTS_NOTHING not in {str(each.rule) for each in found}
    assert one.held == []
