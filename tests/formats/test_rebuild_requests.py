"""What GitHub and Azure DevOps are asked is what their descriptions of the API say, whatever an image is called."""

import base64
import json

import pytest

from lockgate.formats.format_error import FormatError
from lockgate.formats.rebuild_requests import Moved, azure_run, github_dispatch

NEW = "sha256:" + "b" * 64
MOVED = Moved("registry.example.com/team/cart", "1", "sha256:" + "a" * 64, "base:1", "sha256:" + "0" * 64, NEW)
GITHUB = {"api": "https://api.github.example", "repository": "shop/cart", "event": "base-image-moved", "token": "t0"}
AZURE = {"organization": "https://dev.azure.example/shop", "project": "The Shop", "pipeline": 7, "ref": "",
         "token": "t0", "parameters": True}  # fmt: skip


def test_a_dispatch_of_github_has_its_event_and_a_payload_of_ten_keys_at_most():
    made = github_dispatch(MOVED, **GITHUB)
    assert made.address == "https://api.github.example/repos/shop/cart/dispatches" and made.success == {204}
    assert made.headers["Authorization"] == "Bearer t0" and made.headers["Accept"] == "application/vnd.github+json"
    body = json.loads(made.body)
    assert set(body) == {"event_type", "client_payload"} and body["event_type"] == "base-image-moved"
    assert len(body["client_payload"]) <= 10 and body["client_payload"]["base_digest"] == NEW
    assert "t0" not in repr(made)


def test_a_run_of_a_pipeline_names_its_branch_and_the_parameters_that_it_declares():
    made = azure_run(MOVED, **{**AZURE, "ref": "refs/heads/main"})
    assert made.address == "https://dev.azure.example/shop/The%20Shop/_apis/pipelines/7/runs?api-version=7.1"
    assert base64.b64decode(made.headers["Authorization"].removeprefix("Basic ")) == b":t0"
    body = json.loads(made.body)
    assert body["resources"] == {"repositories": {"self": {"refName": "refs/heads/main"}}}
    assert body["templateParameters"] == {
        "image": MOVED.image, "tag": "1", "base": "base:1", "baseDigest": NEW
    }  # fmt: skip
    assert "templateParameters" not in json.loads(azure_run(MOVED, **{**AZURE, "parameters": False}).body)


@pytest.mark.parametrize("wrong", [
    {"repository": "cart"}, {"repository": "shop/cart/../x"}, {"repository": "shop/.."}, {"event": ""},
    {"event": "x" * 101}, {"token": ""}, {"token": "a b"}, {"token": "a\nb"}, {"api": "ftp://x"}, {"api": "https://"},
    {"api": "https://u:p@x"}, {"api": "https://x/?a=b"}, {"api": "https://x:99999999"},
])  # fmt: skip
def test_what_can_be_no_dispatch_is_refused(wrong):
    with pytest.raises(FormatError):
        github_dispatch(MOVED, **{**GITHUB, **wrong})


@pytest.mark.parametrize("wrong", [{"project": ""}, {"project": ".."}, {"organization": "x"}, {"token": "é"}])
def test_what_can_be_no_run_is_refused(wrong):
    with pytest.raises(FormatError):
        azure_run(MOVED, **{**AZURE, **wrong})
