"""Each registry's webhooks are read into the same events, and what is none of them is refused or passed over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.format_error import FormatError
from lockgate.formats.registry_events import Action, RegistryEvent, event, formats, read
from lockgate.formats.webhooks import signed

DIGEST = "sha256:" + "ab" * 32
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PUSHED = RegistryEvent(Action.PUSH, "team/cart", DIGEST, "1.2", "e1")


def distribution(action="push", media_type=MANIFEST, **target):
    wanted = {"mediaType": media_type, "digest": DIGEST, "repository": "team/cart", "tag": "1.2", **target}
    return {"events": [{"id": "e1", "timestamp": "2026-11-26T11:00:00Z", "action": action, "target": wanted,
                        "request": {"method": "PUT"}, "actor": {}, "source": {}}]}  # fmt: skip


def acr(action="push", **target):
    wanted = {"mediaType": MANIFEST, "size": 524, "digest": DIGEST, "length": 524, "repository": "team/cart",
              "tag": "1.2", **target}  # fmt: skip
    return {"id": "e1", "timestamp": "2026-11-26T11:00:00Z", "action": action, "target": wanted,
            "request": {"id": "r", "host": "shop.azurecr.example", "method": "PUT", "useragent": "docker"}}  # fmt: skip


def harbor(kind="PUSH_ARTIFACT", **resource):
    wanted = {"digest": DIGEST, "tag": "1.2", "resource_url": "harbor.example/team/cart:1.2", **resource}
    repository = {"name": "cart", "namespace": "team", "repo_full_name": "team/cart", "repo_type": "private"}
    data = {"resources": [wanted], "repository": repository}
    return {"type": kind, "occur_at": 1795691650, "operator": "admin", "event_data": data}


def cloud_event(kind="harbor.artifact.pushed"):
    told = harbor()
    return {"specversion": "1.0", "id": "e1", "source": "/projects/2/webhook/policies/15", "type": kind,
            "datacontenttype": "application/json", "time": "2026-11-26T11:00:00Z",
            "data": told["event_data"], "operator": "ci"}  # fmt: skip


def github(name="registry_package", action="published", package_type="CONTAINER", **tag):
    version = {
        "id": 1,
        "version": DIGEST,
        "name": DIGEST,
        "container_metadata": {"tag": {"name": "1.2", "digest": DIGEST, **tag}, "labels": {}, "manifest": {}},
    }
    package = {"id": 2, "name": "Cart", "namespace": "Team", "ecosystem": "CONTAINER", "package_type": package_type,
               "owner": {"login": "Team"}, "package_version": version}  # fmt: skip
    return {"action": action, name: package, "sender": {}}


def of(name, body, **headers):
    return read(formats()[name], json.dumps(body).encode(), headers)


def delivered(kind="registry_package"):
    return {"x-github-event": kind, "x-github-delivery": "e1"}


def test_a_push_is_the_same_event_whoever_tells_it():
    assert set(formats()) == {"distribution", "acr", "harbor", "github"}
    assert of("distribution", distribution()) == [PUSHED]
    assert of("acr", acr()) == [PUSHED]
    assert of("harbor", cloud_event()) == [PUSHED]
    assert of("harbor", harbor()) == [RegistryEvent(Action.PUSH, "team/cart", DIGEST, "1.2")]
    assert of("github", github(), **delivered()) == [PUSHED]
    assert of("github", github("package"), **delivered("package")) == [PUSHED]


def test_a_deletion_is_told_too():
    assert of("distribution", distribution("delete", "", tag=None)) == [
        RegistryEvent(Action.DELETE, "team/cart", DIGEST, "", "e1")
    ]
    assert of("acr", acr("delete", tag=None))[0].action is Action.DELETE
    assert of("harbor", harbor("DELETE_ARTIFACT"))[0].action is Action.DELETE


@pytest.mark.parametrize(("name", "body", "headers"), [
    ("distribution", distribution("pull"), {}), ("distribution", distribution("mount"), {}),
    ("distribution", distribution(media_type="application/octet-stream"), {}), ("distribution", {"events": []}, {}),
    ("acr", {"id": "x", "action": "ping"}, {}), ("acr", acr("chart_push"), {}),
    ("harbor", harbor("PULL_ARTIFACT"), {}), ("harbor", harbor("SCANNING_COMPLETED"), {}),
    ("github", {"zen": "Keep it logically awesome."}, delivered("ping")),
    ("github", github(package_type="npm"), delivered()), ("github", github(action="deleted"), delivered()),
])  # fmt: skip
def test_what_is_about_no_manifest_is_passed_over(name, body, headers):
    assert of(name, body, **headers) == []


@pytest.mark.parametrize(("name", "body", "headers"), [
    ("distribution", {}, {}), ("distribution", {"events": [1]}, {}), ("distribution", [], {}),
    ("distribution", distribution(repository="../../etc"), {}), ("distribution", distribution(repository=None), {}),
    ("distribution", distribution(repository="team/cart@" + DIGEST), {}),
    ("distribution", distribution(repository="team/cart:2"), {}), ("distribution", distribution(digest="sha256:x"), {}),
    ("distribution", distribution(tag="a/../b"), {}), ("distribution", distribution(tag=["x"]), {}),
    ("distribution", {"events": distribution()["events"] * 1001}, {}),
    ("acr", acr("format"), {}), ("acr", {"action": "push"}, {}), ("acr", acr(digest=None, tag=None), {}),
    ("harbor", {"event_data": {}}, {}), ("harbor", {"type": "PUSH_ARTIFACT"}, {}),
    ("harbor", {**cloud_event(), "data": {"resources": [2]}}, {}),
    ("github", {"action": "published"}, delivered()), ("github", github(name="x"), delivered()),
    ("github", {"action": "published", "registry_package": {"package_type": "container"}}, delivered()),
])  # fmt: skip
def test_what_is_not_of_the_format_is_refused(name, body, headers):
    with pytest.raises(FormatError):
        of(name, body, **headers)


def test_an_artefact_of_harbor_without_a_tag_has_none():
    assert of("harbor", harbor(tag=DIGEST))[0].tag == ""


def test_a_signature_is_of_this_body_and_this_secret():
    # GitHub's own example: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    shown = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secret = "It's a Secret to Everybody"
    assert signed(b"Hello, World!", shown, secret)
    for content, told, key in (
        (b"Hello, World?", shown, secret), (b"Hello, World!", shown, "x"), (b"Hello, World!", "", secret),
        (b"Hello, World!", shown[:-1], secret), (b"", "sha256=" + "0" * 64, ""), (b"Hello, World!", "é" * 71, secret),
    ):  # fmt: skip
        assert not signed(content, told, key)


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_name_of_an_event_leads_out_of_its_repository(repository, tag):
    try:
        made = event(Action.PUSH, repository, tag=tag)
    except FormatError:
        return
    path = f"/v2/{made.repository}/manifests/{made.key}"
    assert ".." not in path.split("/") and not set(path) & set("?#%\\ \n\r")
