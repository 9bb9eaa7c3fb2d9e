"""Config, SyncSet and the inventory."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy.gatekeeper.builders import namespace, pod

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.config import Config, ignored_by_label, parse_config
from lockgate.policy.gatekeeper.inventory import Inventory
from lockgate.policy.gatekeeper.review import Review, ReviewError, candidate_of


def _config(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "config.gatekeeper.sh/v1alpha1",
        "kind": "Config",
        "metadata": {"name": "config"},
        "spec": spec,
    }


def _sync_set(*gvks: Any) -> dict[str, Any]:
    return {
        "apiVersion": "syncset.gatekeeper.sh/v1alpha1",
        "kind": "SyncSet",
        "metadata": {"name": "a"},
        "spec": {"gvks": list(gvks)},
    }


def test_namespaces_are_excluded_by_process_and_a_namespace_by_its_name() -> None:
    config = parse_config(
        _config(
            match=[
                {"processes": ["audit", "webhook"], "excludedNamespaces": ["kube-*"]},
                {"processes": ["*"], "excludedNamespaces": ["dock"]},
            ]
        )
    )
    assert config.excludes(candidate_of(pod(namespace="kube-system")), "webhook")
    assert not config.excludes(candidate_of(pod(namespace="kube-system")), "mutation-webhook")
    assert config.excludes(candidate_of(pod(namespace="dock")), "sync")
    assert config.excludes(candidate_of(namespace("dock")), "audit")
    assert not config.excludes(candidate_of(pod()), "audit")
    assert config.excludes_review(Review.of_object(pod(namespace="dock")), "webhook")


def test_what_is_synced_is_the_union_of_config_and_sync_sets() -> None:
    config = parse_config(_config(sync={"syncOnly": [{"group": "", "version": "v1", "kind": "Pod"}]}))
    joined = config.joined(parse_config(_sync_set({"group": "apps", "version": "v1", "kind": "Deployment"})))
    assert joined.synced == {("", "v1", "Pod"), ("apps", "v1", "Deployment")}
    assert joined.syncs(candidate_of(pod())) and not joined.syncs(candidate_of(namespace()))
    assert not Config().syncs(candidate_of(pod()))


def test_what_sync_excludes_is_not_kept() -> None:
    config = parse_config(
        _config(
            sync={"syncOnly": [{"version": "v1", "kind": "Pod"}]},
            match=[{"processes": ["sync"], "excludedNamespaces": ["dock"]}],
        )
    )
    assert [config.syncs(candidate_of(pod(namespace=name))) for name in ("dock", "harbour")] == [False, True]


@pytest.mark.parametrize(
    "body",
    [
        _config(match=[{"processes": ["webhooks"], "excludedNamespaces": ["a"]}]),
        _config(sync={"syncOnly": [{"version": "v1"}]}),
        _config(match="all"),
        _sync_set({"kind": "Pod"}),
        _sync_set("Pod"),
        {**_config(), "kind": "Configuration"},
    ],
)
def test_a_config_that_is_wrong_is_refused(body: Any) -> None:
    with pytest.raises(PolicyError):
        parse_config(body)


def test_the_label_that_keeps_the_webhook_away_counts_whatever_its_value() -> None:
    label = {"admission.gatekeeper.sh/ignore": "no"}
    assert ignored_by_label(Review.of_object(pod(), namespace=namespace("harbour", **label)))
    assert ignored_by_label(Review.of_object(namespace("harbour", **label)))
    assert not ignored_by_label(Review.of_object(pod(labels=label), namespace=namespace()))
    assert not ignored_by_label(Review.of_object(pod()))


def test_the_inventory_has_gatekeepers_shape() -> None:
    inventory = Inventory()
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a", "namespace": "b"}}
    for body in (pod(), namespace(), ingress):
        inventory.add(body)
    assert inventory.data() == {
        "cluster": {"v1": {"Namespace": {"harbour": namespace()}}},
        "namespace": {
            "harbour": {"v1": {"Pod": {"shop": pod()}}},
            "b": {"networking.k8s.io/v1": {"Ingress": {"a": ingress}}},
        },
    }
    assert inventory.namespace("harbour") == namespace()
    assert inventory.namespace("dock") is None


def test_an_inventory_holds_what_is_synced_and_knows_every_namespace() -> None:
    config = parse_config(_config(sync={"syncOnly": [{"version": "v1", "kind": "Pod"}]}))
    inventory = Inventory()
    problems = inventory.fill([pod(), namespace("harbour", tier="gold"), "text", {"kind": "Pod"}], config)
    assert len(problems) == 1
    assert inventory.data() == {"namespace": {"harbour": {"v1": {"Pod": {"shop": pod()}}}}}
    assert inventory.namespace("harbour") == namespace("harbour", tier="gold")
    inventory.remove(namespace("harbour"))
    assert inventory.namespace("harbour") is None


def test_every_change_of_the_inventory_has_another_version() -> None:
    inventory = Inventory()
    inventory.add(pod())
    before = inventory.version
    inventory.remove(pod("other"))
    assert inventory.version == before
    inventory.remove(pod())
    assert inventory.version > before
    assert inventory.data() == {"namespace": {"harbour": {"v1": {"Pod": {}}}}}


@pytest.mark.parametrize(
    "body", [None, {}, {"apiVersion": "v1", "kind": "Pod"}, {"apiVersion": "v1", "metadata": {"name": "a"}}]
)
def test_what_is_no_object_does_not_enter_the_inventory(body: Any) -> None:
    with pytest.raises(ReviewError):
        Inventory().add(body)
