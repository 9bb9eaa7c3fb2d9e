"""What manifests open to networks and what they permit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats import manifests
from lockgate.gates.deployment.surface import changes, digest_of_manifests, images_of, surface_of
from lockgate.model import Object

SHOP = b"""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      serviceAccountName: web
      hostNetwork: true
      containers:
        - name: web
          image: registry.example.com/team/cart@sha256:aa
          ports: [{containerPort: 80, hostPort: 8080}]
          securityContext: {privileged: true, capabilities: {add: [NET_ADMIN]}}
      volumes: [{name: all, hostPath: {path: /}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, ports: [{port: 443}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]
      ports: [{port: 443}]
  egress: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [list, get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  tls: [{hosts: [shop.example.com]}]
  rules:
    - host: shop.example.com
      http: {paths: [{path: /, backend: {service: {name: web}}}]}
    - host: old.example.com
      http: {paths: [{path: /a, backend: {service: {name: web}}}]}
"""


def objects(content: bytes = SHOP) -> list[Object]:
    return list(manifests.read("shop.yaml", content).objects)


def test_what_is_opened_to_networks_is_told_by_line() -> None:
    assert surface_of(objects()).network == (
        ("Deployment shop/web", "stands in the network of its node"),
        ("Deployment shop/web", "takes port 8080/TCP of its node"),
        ("Ingress shop/web", "old.example.com/a leads to web, without TLS"),
        ("Ingress shop/web", "shop.example.com/ leads to web, with TLS"),
        ("NetworkPolicy shop/web",
         'lets Pods {"matchLabels":{"app":"web"}} be reached from 10.0.0.0/8 without 10.1.0.0/16 on 443/TCP'),
        ("NetworkPolicy shop/web", 'lets nothing out of Pods {"matchLabels":{"app":"web"}}'),
        ("Service shop/web", "LoadBalancer listens on 443/TCP"),
        ("Service shop/web", "reachable from everywhere"),
    )  # fmt: skip


def test_what_is_permitted_is_told_by_line() -> None:
    assert surface_of(objects()).permissions == (
        ("Deployment shop/web", "acts as ServiceAccount web"),
        ("Deployment shop/web", "container web has the capability NET_ADMIN"),
        ("Deployment shop/web", "container web is privileged"),
        ("Deployment shop/web", "mounts / of its node"),
        ("Role shop/reader", "may get, list secrets (core)"),
        ("RoleBinding shop/reader", "gives ServiceAccount shop/web the Role reader"),
    )


def test_what_changes_is_what_comes_and_what_goes() -> None:
    before = surface_of(objects())
    after = surface_of(objects(SHOP.replace(b"list, get", b"get").replace(b"  type: LoadBalancer,", b"")))
    found = changes(before.permissions, after.permissions)
    assert [(one.text, one.added) for one in found] == [
        ("may get secrets (core)", True), ("may get, list secrets (core)", False)
    ]  # fmt: skip
    assert changes(before.network, before.network) == ()


def test_images_are_those_that_pods_name() -> None:
    assert images_of(objects()) == ("registry.example.com/team/cart@sha256:aa",)


def test_the_digest_is_of_what_is_said_and_not_of_how_it_is_written() -> None:
    remarked = SHOP.replace(b"verbs: [list, get]}]", b"verbs: [list, get]}] # a remark\n")
    turned = b"---\n".join(reversed(remarked.split(b"---\n")))
    assert digest_of_manifests(objects()) == digest_of_manifests(objects(turned))
    assert digest_of_manifests(objects()) != digest_of_manifests(objects(SHOP.replace(b"443", b"444", 1)))
    assert digest_of_manifests([]) == ""
    assert digest_of_manifests(objects()) != digest_of_manifests([*objects(), objects()[0]])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["spec", "rules", "ports", "subjects", "template", "containers", "metadata", "ingress", "from"]
        ),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(["Service", "Ingress", "NetworkPolicy", "Role", "RoleBinding", "Pod", "CronJob", "Gateway",
                        "HTTPRoute", "ServiceAccount"]), ANYTHING, ANYTHING)  # fmt: skip
def test_an_object_of_any_shape_is_read_without_harm(kind, spec, rules) -> None:
    one = Object("kubernetes", {"kind": kind, "spec": spec, "rules": rules, "metadata": spec, "subjects": rules})
    surface_of([one])
    images_of([one])
