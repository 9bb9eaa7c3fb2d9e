"""Credentials are found where Docker, podman and their helpers keep them, and never shown."""

import base64
import json

import pytest

from lockgate.errors import ConfigurationError
from lockgate.formats.oci.references import parse
from lockgate.sources.image.registry.credentials import NO_USER, Credentials, credentials_for


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def found(tmp_path, body, image="registry.example.com/team/cart", **environment) -> Credentials:
    folder = tmp_path / "docker"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(body if isinstance(body, str) else json.dumps(body))
    return credentials_for(parse(image), {"DOCKER_CONFIG": str(folder), "HOME": str(tmp_path), **environment})


@pytest.mark.parametrize(
    ("entry", "held"),
    [
        ({"auth": encoded("me:se:cret")}, Credentials("me", "se:cret")),
        ({"username": "me", "password": "x"}, Credentials("me", "x")),
        ({"auth": encoded("me:"), "identitytoken": "r"}, Credentials("me", "", "r")),
        ({"auth": encoded(f"{NO_USER}:r")}, Credentials(identity="r")),
        ({}, Credentials()),
    ],
)
def test_an_entry_is_read_in_every_form(tmp_path, entry, held):
    assert found(tmp_path, {"auths": {"registry.example.com": entry}}) == held


@pytest.mark.parametrize(
    ("key", "image", "fits"),
    [
        ("registry.example.com", "registry.example.com/a", True),
        ("https://registry.example.com/v2/", "registry.example.com/a", True),
        ("registry.example.com/team", "registry.example.com/team/cart", True),
        ("registry.example.com/team", "registry.example.com/teams/cart", False),
        ("registry.example.com", "registry.example.com:5000/a", False),
        ("https://index.docker.io/v1/", "debian", True),
        ("docker.io", "debian", True),
        ("example.com", "registry.example.com/a", False),
    ],
)
def test_credentials_go_to_the_registry_that_they_are_for_and_to_no_other(tmp_path, key, image, fits):
    held = found(tmp_path, {"auths": {key: {"auth": encoded("me:x")}}}, image)
    assert held == (Credentials("me", "x") if fits else Credentials())


def helper(tmp_path, monkeypatch, answer: str, code: int = 0) -> None:
    program = tmp_path / "docker-credential-test"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/asked\nprintf '%s' '{answer}'\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.parametrize("settings", [{"credsStore": "test"}, {"credHelpers": {"registry.example.com": "test"}}])
def test_a_helper_is_asked_with_the_host_on_its_input(tmp_path, monkeypatch, settings):
    helper(tmp_path, monkeypatch, '{"ServerURL": "x", "Username": "<token>", "Secret": "r"}')
    assert found(tmp_path, settings) == Credentials(identity="r")
    assert (tmp_path / "asked").read_text() == "registry.example.com"


def test_a_helper_that_knows_nothing_leaves_us_anybody(tmp_path, monkeypatch):
    helper(tmp_path, monkeypatch, "credentials not found in native keychain", 1)
    assert found(tmp_path, {"credsStore": "test"}) == Credentials()


@pytest.mark.parametrize(
    ("body", "answer", "code"),
    [
        ({"credsStore": "test"}, "boom", 3), ({"credsStore": "test"}, "no json", 0), ({"credsStore": "test"}, "[]", 0),
        ({"credsStore": "not-installed-here"}, "", 0), ({"credsStore": "../../bin/sh"}, "", 0),
        ({"credsStore": ["x"]}, "", 0), ("{", "", 0), ("[]", "", 0),
        ({"auths": {"registry.example.com": {"auth": "%%%"}}}, "", 0),
        ({"auths": {"registry.example.com": {"identitytoken": 7}}}, "", 0),
    ],
)  # fmt: skip
def test_what_does_not_work_is_said_and_not_passed_over(tmp_path, monkeypatch, body, answer, code):
    helper(tmp_path, monkeypatch, answer, code)
    with pytest.raises(ConfigurationError):
        found(tmp_path, body)


def test_podman_keeps_its_own_file_which_comes_first(tmp_path):
    own = tmp_path / "auth.json"
    own.write_text(json.dumps({"auths": {"registry.example.com": {"auth": encoded("pod:x")}}}))
    body = {"auths": {"registry.example.com": {"auth": encoded("me:x")}}}
    assert found(tmp_path, body, REGISTRY_AUTH_FILE=str(own)) == Credentials("pod", "x")


def test_a_secret_has_no_repr():
    assert "hush" not in repr(Credentials("me", "hush", "hush", "hush"))
