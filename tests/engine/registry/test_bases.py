"""When a base moves, whoever builds the images on it is asked once, over real connections, and what came of it told."""

import json
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.engine.registry.conftest import CLEAN
from tests.simulators.docker_registry import needed, push, running

from lockgate.engine.registry import bases, rebuilding
from lockgate.errors import ConfigurationError
from lockgate.settings import AzurePipeline, GithubDispatch, RebuildSettings, RegistrySettings

BASE = "org.opencontainers.image.base."


@contextmanager
def service(*statuses):
    """Answers POSTs with these statuses, the last one for ever; gives what it was asked and its address."""
    asked, left = [], list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, dict(self.headers), json.loads(body)))
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield asked, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def registry(tmp_path):
    with running(tmp_path) as host:
        yield host


@pytest.fixture(autouse=True)
def _tokens(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "of-github")
    monkeypatch.setenv("AZURE_DEVOPS_TOKEN", "of-azure")


def on_base(layout, host, digest, name="base:1"):
    labels = {f"{BASE}name": f"{host}/{name}", f"{BASE}digest": digest}
    return layout.image(CLEAN, {"app/own": digest.encode()}, Labels=labels)


def ask_all(one) -> int:
    count = 0
    while rebuilding.ask_next(
        one.watch.rebuilds, one.host, one.watch.scope.settings, one.record, one.watch.scope.trust
    ):
        count += 1
        with one.database.changed() as connection:
            connection.execute("UPDATE rebuilds SET due = 0")
    return count


def moved(layout, registry, watching, **rebuilds):
    """A watch that has judged an image on a base, which moved since."""
    one = watching(registry, rebuilds=rebuilds)
    before = push(registry, "base", layout, layout.image({"os": b"1"}), "1")
    push(registry, "team/cart", layout, on_base(layout, registry, before), "1")
    for repository in ("base", "team/cart"):
        one.tell("", "1", repository=repository)
    one.work()
    one.watch._bases(())
    assert ask_all(one) == 0
    after = push(registry, "base", layout, layout.image({"os": b"2"}), "1")
    return one, before, after


@needed
def test_both_services_are_asked_once_in_the_words_of_their_apis(registry, layout, watching):
    with service(204) as (github, api), service(200) as (azure, organization):
        one, before, after = moved(
            layout, registry, watching,
            hub=RebuildSettings(github=GithubDispatch("shop/cart", api=api)),
            ado=RebuildSettings(("team/*",), azure=AzurePipeline(f"{organization}/shop", "Shop", 7, "refs/heads/main")),
            others=RebuildSettings(("other/*",), github=GithubDispatch("shop/other", api=api)),
        )  # fmt: skip
        one.tell("", "1", repository="base", event="push of the base")
        one.work()  # that a tag of the watched registry moved is enough: nobody has to look
        assert ask_all(one) == 2
        one.watch._bases(())
        assert ask_all(one) == 0
    path, headers, body = github[0]
    assert len(github) == len(azure) == 1 and path == "/repos/shop/cart/dispatches"
    assert headers["Authorization"] == "Bearer of-github" and headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert body["event_type"] == "base-image-moved"
    assert body["client_payload"] | {"digest": ""} == {
        "image": f"{registry}/team/cart", "tag": "1", "digest": "", "base": f"{registry}/base:1",
        "base_before": before, "base_digest": after,
    }  # fmt: skip
    path, headers, body = azure[0]
    assert path == "/shop/Shop/_apis/pipelines/7/runs?api-version=7.1"
    assert body == {"resources": {"repositories": {"self": {"refName": "refs/heads/main"}}}}
    rows = one.ask("ImageSteps | where Cause == 'base' | project Repository, Step, Outcome, Detail")
    assert sorted(row[:3] for row in rows) == [
        ("team/cart", "base-moved", "done"), ("team/cart", "rebuild", "done"), ("team/cart", "rebuild", "done")
    ]  # fmt: skip
    assert not any("of-github" in row[3] or "of-azure" in row[3] for row in rows)


@needed
def test_a_program_gets_what_moved_as_variables_and_no_shell(registry, layout, watching, tmp_path):
    script = ("import os, json; json.dump({k: v for k, v in os.environ.items() if k.startswith('LOCKGATE_')}, "
              f"open('{tmp_path}/told', 'w'))")  # fmt: skip
    one, before, after = moved(
        layout, registry, watching, own=RebuildSettings(command=(sys.executable, "-c", script, "$(touch /x)"))
    )
    one.watch._bases(())
    assert ask_all(one) == 1
    told = json.loads((tmp_path / "told").read_text())
    assert told["LOCKGATE_IMAGE"] == f"{registry}/team/cart" and told["LOCKGATE_BASE_DIGEST"] == after
    assert told["LOCKGATE_BASE_BEFORE"] == before


@needed
@pytest.mark.parametrize(("statuses", "outcome", "times"), [
    ((503, 429, 204), "done", 3), ((500,), "failed", 8), ((401,), "failed", 1), ((404,), "failed", 1),
    ((302,), "failed", 1),
])  # fmt: skip
def test_what_may_pass_is_asked_again_and_what_was_refused_is_told(
    registry, layout, watching, statuses, outcome, times
):
    with service(*statuses) as (asked, api):
        one, _, _ = moved(layout, registry, watching, hub=RebuildSettings(github=GithubDispatch("shop/cart", api=api)))
        one.watch._bases(())
        ask_all(one)
    assert len(asked) == times
    assert one.ask("ImageSteps | where Step == 'rebuild' | project Outcome, Attempts") == [(outcome, times)]


@needed
def test_a_base_that_did_not_move_or_is_an_index_of_the_stated_image_is_none(registry, layout, watching):
    one = watching(registry)
    linux = {**layout.image({"os": b"1"}), "platform": {"os": "linux", "architecture": "amd64"}}
    push(registry, "base", layout, layout.index(linux), "1")
    push(registry, "team/cart", layout, on_base(layout, registry, linux["digest"]), "1")
    one.tell("", "1")
    one.work()
    assert bases.look(one.watch.scope, one.watch.seen, one.watch.rebuilds, one.record) == 0
    assert one.ask("ImageSteps | where Cause == 'base' | count") == [(0,)]


@needed
def test_a_base_that_is_stated_by_name_alone_is_known_by_its_layers(registry, layout, watching):
    one = watching(registry)
    base = {"os": b"1"}
    before = push(registry, "base", layout, layout.image(base), "1")
    named = {f"{BASE}name": f"{registry}/base:1"}
    push(registry, "team/cart", layout, layout.image(base, CLEAN, Labels=named), "on-it")
    push(registry, "team/cart", layout, layout.image({"os": b"squashed"}, CLEAN, Labels=named), "not-on-it")
    for tag in ("on-it", "not-on-it"):
        one.tell("", tag)
    one.work()
    assert {(each.tag, each.base_digest) for each in one.watch.seen.standing()} == {
        ("on-it", before),
        ("not-on-it", ""),
    }
    push(registry, "base", layout, layout.image({"os": b"2"}), "1")
    assert bases.look(one.watch.scope, one.watch.seen, one.watch.rebuilds, one.record) == 1
    assert one.ask("ImageSteps | where Step == 'base-moved' | project Tag") == [("on-it",)]


@needed
def test_a_base_that_nobody_stated_is_found_by_its_layers_in_the_same_registry(registry, layout, watching):
    one = watching(registry)
    under = layout.index({**layout.image({"os": b"1"}), "platform": {"os": "linux", "architecture": "amd64"}})
    for tag in ("1.2.3", "1", "1.2"):
        push(registry, "base", layout, under, tag)
        one.tell("", tag, repository="base")
    one.work()
    push(registry, "team/cart", layout, layout.image({"os": b"1"}, CLEAN), "1")
    push(registry, "team/till", layout, layout.image(CLEAN, {"os": b"1"}), "1")
    for repository in ("team/cart", "team/till"):
        one.tell("", "1", repository=repository)
    one.work()
    assert {(each.repository, each.base_name) for each in one.watch.seen.standing()} == {
        ("team/cart", f"{registry}/base:1")
    }  # fmt: skip
    push(registry, "base", layout, layout.image({"os": b"2"}), "1")
    one.tell("", "1", repository="base", event="moved")
    one.work()
    assert one.ask("ImageSteps | where Step == 'base-moved' | project Repository, Tag") == [("team/cart", "1")]


@pytest.mark.parametrize("name", [
    "169.254.169.254/latest:1", "internal.example/base:1", "docker.io/library/debian:12", "not a name", "x" * 2000,
    "registry.example.com/base@sha256:" + "a" * 64,
])  # fmt: skip
def test_no_host_is_asked_that_a_label_alone_names(watching, name):
    one = watching("registry.example.com")
    assert bases.base_of(one.watch.scope, name) is None
    other = watching("registry.example.com", folder="other", base_registries=("docker.io",))
    assert (bases.base_of(other.watch.scope, name) is not None) == name.startswith("docker.io")


@pytest.mark.parametrize("settings", [
    RebuildSettings(), RebuildSettings(github=GithubDispatch("a/b"), command=("x",)),
    RebuildSettings(github=GithubDispatch("a")), RebuildSettings(github=GithubDispatch("a/b", token="the-token")),
    RebuildSettings(azure=AzurePipeline("https://x", "")),
    RebuildSettings(azure=AzurePipeline(project="p", token="env:X")),
])  # fmt: skip
def test_a_rebuild_that_could_never_be_asked_for_is_told_at_once(settings):
    with pytest.raises(ConfigurationError) as caught:
        rebuilding.check(RegistrySettings(rebuilds={"shop": settings}))
    assert "the-token" not in str(caught.value)
