"""What is pushed to a real registry is judged, kept and, where that was asked for, put aside: each step once."""

import json
import time
from contextlib import closing

import pytest
from tests.engine.registry.conftest import CLEAN, LEAKS, QUICK
from tests.formats.oci.documents import MANIFEST
from tests.simulators.docker_registry import needed, push, running
from tests.simulators.registry import Behaviour, serving

from lockgate.engine.registry.watching import Options
from lockgate.formats.oci import references
from lockgate.settings import Quarantine
from lockgate.sources.image.attached import attach, subject_of
from lockgate.sources.image.registry import Client, Credentials, Trust, registry_of
from lockgate.sources.image.registry.catalogue import digest_of
from lockgate.transport import AbsentError

RUNS = "Runs | summarize count() by Verdict | sort by Verdict asc"


def named(host, tag, repository="team/cart"):
    client = Client(host, repository, Credentials(), trust=Trust())
    try:
        return digest_of(client, tag)
    except AbsentError:
        return ""
    finally:
        client.close()


@pytest.fixture
def registry(tmp_path):
    with running(tmp_path) as host:
        yield host


@needed
def test_an_image_that_is_pushed_is_judged_once_and_kept(registry, layout, watching):
    one = watching(registry)
    good, bad = layout.image(CLEAN), layout.image(CLEAN, LEAKS)
    one.tell(push(registry, "team/cart", layout, good, "1"), "1")
    one.tell(push(registry, "team/cart", layout, bad, "2"), "2")
    assert one.work() == 2
    assert one.steps() == [("1", "judged", "allow"), ("2", "judged", "deny")]
    assert one.ask("Images | sort by Tag asc | project Registry, Repository, Tag, ImageDigest") == [
        (registry, "team/cart", "1", good["digest"]), (registry, "team/cart", "2", bad["digest"])
    ]  # fmt: skip
    assert one.ask("ImageSteps | join kind=inner Findings on RunId | summarize count() by ImageDigest") == [
        (bad["digest"], 1)
    ]
    # The same image under another name is judged already; its layers too.
    assert one.tell(bad["digest"], "2") == 0
    one.tell(push(registry, "team/cart", layout, bad, "again"), "again")
    one.work()
    assert one.steps()[-1] == ("again", "judged", "deny") and one.ask(RUNS) == [("allow", 1), ("deny", 1)]
    assert named(registry, "2") == bad["digest"]  # nothing was done about it, since nothing was said


@needed
def test_an_index_is_judged_by_its_images_and_an_artefact_is_none(registry, layout, watching):
    one = watching(registry)
    index = layout.index(
        {**layout.image(CLEAN), "platform": {"os": "linux", "architecture": "amd64"}},
        {**layout.image(LEAKS), "platform": {"os": "linux", "architecture": "arm64"}},
    )
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.signature",
            "config": layout.blob(b"{}", "application/vnd.oci.empty.v1+json"), "layers": []}  # fmt: skip
    artefact = layout.blob(json.dumps(body).encode(), MANIFEST)
    one.tell(push(registry, "team/cart", layout, index, "1"), "1")
    one.tell(push(registry, "team/cart", layout, artefact, "sig"), "sig")
    one.work()
    assert sorted(one.steps("Tag, Step, Outcome, IndexDigest == '' ")) == [
        ("1", "expanded", "done", True), ("1", "judged", "allow", False), ("1", "judged", "deny", False),
        ("sig", "passed", "done", True),
    ]  # fmt: skip
    assert one.ask("Images | distinct IndexDigest") == [(index["digest"],)]
    assert one.tell(index["digest"], "1") == 1 and one.work() == 1  # it is looked at, and nothing is new
    assert len(one.ask("Runs")) == 2


@needed
def test_the_index_that_stands_in_for_a_list_of_referrers_is_looked_at_once(registry, layout, watching):
    one = watching(registry)
    image = layout.image(CLEAN)
    push(registry, "team/cart", layout, image, "1")
    with registry_of(references.parse(f"{registry}/team/cart:1"), Trust(), writes=True) as place:
        attach(place, subject_of(place, "1"), "application/vnd.example.signature", [("text/plain", b"signed")])
    one.tell(tag="1")
    one.tell(tag=image["digest"].replace(":", "-"))
    for _ in range(8):
        if not one.worker.work():
            break
    else:
        pytest.fail("it is looked at again and again")
    assert sorted(one.steps("Step, Outcome")) == [("expanded", "done"), ("judged", "allow"), ("passed", "done")]


@needed
def test_what_died_half_way_is_done_again_and_not_twice(registry, layout, watching, monkeypatch):
    one = watching(registry)
    one.tell(push(registry, "team/cart", layout, layout.image(LEAKS), "1"), "1")
    with monkeypatch.context() as patched:  # dies when the run is in the record, and before anybody knows

        def dies(*arguments):
            raise KeyboardInterrupt

        patched.setattr(type(one.watch.seen), "judge", dies)
        with pytest.raises(KeyboardInterrupt):
            one.worker.work()
    one.database.close()
    again = watching(registry)
    assert again.watch.queue.free() == 1 and again.work() == 1
    assert again.steps() == [("1", "judged", "deny")] and again.ask(RUNS) == [("deny", 1)]
    assert again.ask("ImageSteps | join kind=inner Runs on RunId | count") == [(1,)]


@needed
def test_several_workers_of_one_workspace_judge_each_image_once(registry, layout, watching):
    one, other = watching(registry), watching(registry)
    images = [layout.image({"n": str(number).encode()}, LEAKS) for number in range(6)]
    for number, entry in enumerate(images):
        push(registry, "team/cart", layout, entry, str(number))
        one.tell(entry["digest"], str(number))
        one.tell("", str(number))  # as a look at the registry would find it
    other.tell(push(registry, "team/cart", layout, images[0], "too"), "too")
    for watch in (one.watch, other.watch):
        watch.options = Options(workers=2, poll=False)
        watch.begin()
    ends = time.monotonic() + 40
    while sum(one.watch.queue.counts(registry)[state] for state in ("waiting", "running")) and time.monotonic() < ends:
        time.sleep(0.05)
    for watch in (one.watch, other.watch):
        watch.end()
    assert one.watch.queue.counts(registry)["dead"] == 0
    assert one.ask("Runs | summarize count(), dcount(Revision)") == [(6, 6)]
    assert sorted(one.steps("Tag, Step")) == [*((str(number), "judged") for number in range(6)), ("too", "judged")]


@needed
def test_a_tag_that_moves_while_its_image_is_judged_is_looked_at_again(registry, layout, watching, monkeypatch):
    one = watching(registry, quarantine=(Quarantine.TAG, Quarantine.UNTAG))
    good, bad = layout.image(CLEAN), layout.image(LEAKS)
    one.tell(push(registry, "team/cart", layout, bad, "1"), "1")
    judge = type(one.watch._judging).judge

    def moves(judging, image, **more):
        if named(registry, "1") == bad["digest"]:
            push(registry, "team/cart", layout, good, "1")
        return judge(judging, image, **more)

    monkeypatch.setattr(type(one.watch._judging), "judge", moves)
    one.work()
    assert one.steps("ImageDigest, Step, Outcome") == [
        (bad["digest"], "judged", "deny"), (good["digest"], "judged", "allow")
    ]  # fmt: skip
    assert named(registry, "1") == good["digest"] and named(registry, "quarantine-1") == ""


@needed
def test_a_repository_that_is_deleted_meanwhile_ends_the_job_and_leaves_nothing_half(registry, layout, watching):
    one = watching(registry)
    entry = layout.image(CLEAN)
    one.tell(push(registry, "team/cart", layout, entry, "1"), "1")
    with client_of(registry) as client:
        client.write("DELETE", f"manifests/{entry['digest']}", success=(202,))
    one.work()
    assert one.steps() == [("1", "gone", "done")] and one.ask("Runs") == [] and one.ask("Images") == []
    assert one.watch.queue.counts(registry)["gone"] == 1


@needed
def test_a_layer_that_is_deleted_meanwhile_too(registry, layout, watching, tmp_path):
    one = watching(registry)
    entry = layout.image(CLEAN, LEAKS)
    one.tell(push(registry, "team/cart", layout, entry, "1"), "1")
    layer = json.loads((layout.folder / "blobs" / "sha256" / entry["digest"][7:]).read_bytes())["layers"][0]
    with client_of(registry) as client:
        client.write("DELETE", f"blobs/{layer['digest']}", success=(202,))
    one.work()
    assert one.steps() == [("1", "gone", "done")] and one.ask("Runs") == []


@needed
def test_a_denied_image_is_named_aside_where_that_is_asked_for_and_never_deleted(registry, layout, watching):
    one = watching(registry, quarantine=(Quarantine.UNTAG, Quarantine.TAG))
    bad = layout.image(LEAKS)
    one.tell(push(registry, "team/cart", layout, bad, "1"), "1")
    one.tell(push(registry, "team/cart", layout, layout.image(CLEAN), "2"), "2")
    one.work()
    assert named(registry, "quarantine-1") == bad["digest"] and named(registry, "quarantine-2") == ""
    rows = one.ask("ImageSteps | where Step == 'quarantine' | project Outcome, Detail")
    # Distribution's registry takes no tag away, which is told; the image stays.
    assert [how for how, _ in sorted(rows)] == ["done", "failed"] and named(registry, "1") == bad["digest"]
    assert "takes no tag away" in rows[1][1]
    assert one.tell(bad["digest"], "quarantine-1") == 1 and not one.watch.scope.covers("team/cart", "quarantine-1")


def test_tags_and_locks_of_azure_container_registry_are_its_own(layout, watching):
    layout.name(layout.image(LEAKS), "1")
    with serving(layout.folder, Behaviour(locks=True)) as registry:
        one = watching(registry.host, quarantine=tuple(Quarantine))
        one.tell("", "1")
        one.work()
        assert one.steps("Step, Outcome") == [("judged", "deny"), *[("quarantine", "done")] * 3]
        digest = registry.tags()["quarantine-1"]["digest"]
        assert [one for one in registry.tags() if ":" not in one] == ["quarantine-1"]
        assert registry.locked == {digest: {"readEnabled": False, "writeEnabled": False, "deleteEnabled": False}}


@pytest.mark.parametrize("behaviour", [
    Behaviour(failures=[(429, "0"), (500, ""), (503, "")]), Behaviour(break_after=[10, 20]),
    Behaviour(bearer=True, token_uses=1),
], ids=["refused", "broken off", "token over"])  # fmt: skip
def test_what_passes_is_waited_for(layout, watching, behaviour):
    layout.name(layout.image(CLEAN, LEAKS), "1")
    with serving(layout.folder, behaviour) as registry:
        one = watching(registry.host, limits=None)
        one.tell("", "1")
        assert one.work() == 1
        assert one.steps("Outcome, Attempts") == [("deny", 1)]


@pytest.mark.parametrize(("behaviour", "words"), [
    (Behaviour(failures=[(500, "")] * 200), "answers 500"), (Behaviour(failures=[(429, "3600")] * 200), "answers 429"),
    (Behaviour(extra=b"x"), "does not have its digest"), (Behaviour(digest_header="sha256:" + "0" * 64), "says"),
        (Behaviour(basic="me:secret"), "who asks"),
], ids=["broken", "busy", "wrong size", "wrong digest", "refused"])  # fmt: skip
def test_what_does_not_pass_is_tried_so_often_and_given_up(layout, watching, behaviour, words):
    layout.name(layout.image(CLEAN), "1")
    with serving(layout.folder, behaviour) as registry:
        one = watching(registry.host, limits=QUICK)
        one.tell("", "1")
        tries = 0
        while one.work():
            tries += 1
            with one.database.changed() as connection:
                connection.execute("UPDATE jobs SET due = 0")
        dead = one.watch.queue.dead(registry.host)
    may_pass = "answers" in words or words == "who asks"
    assert tries == (8 if may_pass else 2) and len(dead) == 1 and words in dead[0].reason
    assert one.steps("Step, Attempts") == [("dead", tries)] and one.ask("Runs") == []
    assert one.watch.status()["jobs"]["dead"] == 1


def client_of(host):
    return closing(Client(host, "team/cart", Credentials(), trust=Trust(), writes=True))
