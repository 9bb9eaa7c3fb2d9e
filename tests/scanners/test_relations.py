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


CHART = "name: cart\nversion: 1.0.0\napiVersion: v2\n"
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: shop}
spec:
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: %s, port: {number: 80}}}}
"""
OTHER_SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: shop}\nspec: {ports: [{port: 80}]}\n"


def tree(files, rendered=None):
    """What is found in a tree; ``rendered``: the objects that helm makes of the chart in ``chart``."""
    from lockgate.formats import manifests
    from lockgate.formats.objects import Reading

    held = {path: text.encode() for path, text in files.items()}
    objects = tuple(manifests.read("chart/templates/all.yaml", (rendered or "").encode()).objects)
    context = ScanContext(
        salt=b"x" * 16, sibling=held.get, below=lambda folder: tuple(p for p in sorted(held) if p.startswith(folder)),
        render=lambda folder, given: Reading(objects),
    )  # fmt: skip
    rows = (file(path, text) for path, text in sorted(files.items()) if relations.SCANNER.wants(path, 1))
    return put(relations.SCANNER.start(RULES, context), *rows)


def test_what_a_chart_makes_is_seen_beside_each_other():
    made = f"{SERVICE}---\n{DEPLOYMENT % 'cart'}"
    assert (SELECTS_NOTHING, "chart/templates/all.yaml", 5) in tree({"chart/Chart.yaml": CHART}, made)
    assert not tree({"chart/Chart.yaml": CHART}, f"{SERVICE}---\n{DEPLOYMENT % 'card'}")


def test_what_a_chart_makes_is_there_for_the_files_and_theirs_for_the_chart():
    missing = "policy/ingress-backend-missing"
    alone = {"a.yaml": INGRESS % "cart", "b.yaml": OTHER_SERVICE}
    assert missing in {rule for rule, _, _ in tree(alone)}
    made = f"{SERVICE}---\n{DEPLOYMENT % 'card'}"
    assert not tree({**alone, "chart/Chart.yaml": CHART}, made)
    in_chart = f"{INGRESS % 'cart'}---\n{OTHER_SERVICE}"
    assert missing in {rule for rule, _, _ in tree({"chart/Chart.yaml": CHART}, in_chart)}
    assert not tree({"chart/Chart.yaml": CHART, "a.yaml": SERVICE, "b.yaml": DEPLOYMENT % "card"}, in_chart)


def test_an_overlay_that_breaks_what_its_base_holds_is_at_fault():
    base = {
        "base/kustomization.yaml": "resources: [service.yaml, deployment.yaml]\n",
        "base/service.yaml": SERVICE, "base/deployment.yaml": DEPLOYMENT % "card",
    }  # fmt: skip
    assert not tree(base)
    # A name prefix makes a second Service with the same selector, which is no fault of the two.
    assert not tree({**base, "prod/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\n"})
    broken = "resources: [../base]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n" \
             "    metadata: {name: cart, namespace: shop}\n    spec: {selector: {app: nothing}}\n"  # fmt: skip
    found = tree({**base, "prod/kustomization.yaml": broken})
    assert [rule for rule, _, _ in found] == [SELECTS_NOTHING]


def test_the_same_fault_in_a_base_and_its_overlay_stands_at_one_place():
    files = {
        "base/kustomization.yaml": "resources: [service.yaml, deployment.yaml]\n",
        "base/service.yaml": SERVICE, "base/deployment.yaml": DEPLOYMENT % "cart",
        "prod/kustomization.yaml": "resources: [../base]\nnamespace: prod\n",
    }  # fmt: skip
    found = tree(files)
    assert {(path, line) for rule, path, line in found if rule == SELECTS_NOTHING} == {("base/service.yaml", 5)}
