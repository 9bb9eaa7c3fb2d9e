"""What nobody told of is found by looking, page by page, in a registry of any size and however it behaves."""

import shutil

import pytest
from tests.engine.registry.conftest import CLEAN, LEAKS
from tests.simulators.docker_registry import needed, push, running
from tests.simulators.registry import Behaviour, serving

from lockgate.engine.registry import polling
from lockgate.engine.registry.scope import scope_of
from lockgate.errors import UsageError
from lockgate.settings import RegistrySettings
from lockgate.sources.image.registry import Trust


def look(one, **more):
    return polling.look(one.watch.scope, one.watch.queue, one.watch.seen, **more)


@needed
def test_new_moved_and_deleted_tags_are_found(tmp_path, layout, watching):
    with running(tmp_path) as host:
        one = watching(host)
        first, second = layout.image(CLEAN), layout.image(LEAKS)
        push(host, "team/cart", layout, first, "1")
        push(host, "team/till", layout, first, "1")
        found = look(one)
        assert (found.repositories, found.tags, found.new, found.trouble) == (2, 2, 2, "")
        assert look(one).new == 0  # they wait already
        one.work()
        assert look(one).new == 0
        push(host, "team/cart", layout, second, "1")
        push(host, "team/cart", layout, second, "2")
        assert look(one).new == 2
        one.work()
        assert sorted(one.ask("ImageSteps | project Repository, Tag, Outcome, Cause")) == [
            ("team/cart", "1", "allow", "poll"), ("team/cart", "1", "deny", "poll"),
            ("team/cart", "2", "deny", "poll"), ("team/till", "1", "allow", "poll"),
        ]  # fmt: skip
        repository = tmp_path / "data" / "docker" / "registry" / "v2" / "repositories" / "team" / "cart"
        shutil.rmtree(repository / "_manifests" / "tags" / "2")
        assert look(one).gone == 1 and one.watch.seen.tagged("team/cart", "2") == ""


@needed
def test_only_what_is_watched_is_looked_at(tmp_path, layout, watching):
    with running(tmp_path) as host:
        for repository in ("team/cart", "team/till", "other/cart"):
            for tag in ("1", "dev-1"):
                push(host, repository, layout, layout.image(CLEAN), tag)
        one = watching(f"{host}/team", repositories=("*/cart",), tags=("1",))
        assert look(one).new == 1
        assert one.watch.queue.take(host).name == f"{host}/team/cart:1"
        exact = watching(host, folder="exact", repositories=("other/cart",))
        assert look(exact).new == 2


def test_a_hundred_thousand_tags_are_taken_in_within_bounds(layout, watching, monkeypatch):
    layout.name(layout.image(CLEAN), "z")
    with serving(layout.folder, Behaviour(listed=[f"t{number:06}" for number in range(100_000)])) as registry:
        one = watching(registry.host)
        accept, sizes = one.watch.queue.accept, []

        def counted(wanted):
            some = list(wanted)
            sizes.append(len(some))
            return accept(some)

        monkeypatch.setattr(one.watch.queue, "accept", counted)
        found = look(one)
        assert (found.tags, found.new, found.trouble) == (100_001, 100_001, "")
        # A request a page, and never more than a page is held.
        assert len([path for _, path, _ in registry.requests if "tags/list" in path]) == 101 and max(sizes) == 1_000


@pytest.mark.parametrize(("behaviour", "words"), [
    (Behaviour(circle=True, listed=["a", "b"], most_listed=1), "leads back"),
    (Behaviour(failures=[(500, "")] * 50), "answers 500"), (Behaviour(basic="me:secret"), "who asks"),
])  # fmt: skip
def test_a_registry_that_misbehaves_ends_the_look_and_is_told(layout, watching, behaviour, words):
    layout.name(layout.image(CLEAN), "1")
    with serving(layout.folder, behaviour) as registry:
        found = look(watching(registry.host))
    assert words in found.trouble and "secret" not in found.trouble


@pytest.mark.parametrize("address", ["", "host/Team", "host/a:1", "host@x", "http://", "a b", "host/../x"])
def test_what_is_no_address_is_told_so(address):
    with pytest.raises(UsageError, match="no address of a registry"):
        scope_of(address, RegistrySettings(), Trust())


def test_an_address_may_name_a_part_of_a_registry():
    whole = scope_of("https://registry.example.com:5000/", RegistrySettings(), Trust())
    assert (whole.registry, whole.below) == ("registry.example.com:5000", "") and whole.covers("any", "1")
    part = scope_of("127.0.0.1:5000/team", RegistrySettings(tags=("v*",)), Trust())
    assert part.covers("team/cart", "v1") and part.covers("team", "")
    assert not part.covers("teams/cart", "v1") and not part.covers("team/cart", "1")
