"""What is said of an image is written beside it, whatever the registry lists, and nobody else's entry is lost."""

import json

import pytest
from tests.simulators.registry import Behaviour, serving
from tests.sources.image.registry.conftest import client_of

from lockgate.errors import SourceError
from lockgate.formats.oci import artifacts, digests
from lockgate.sources.image.attached import attach, attached, content_of, subject_of
from lockgate.sources.image.place import Held
from lockgate.sources.image.registry import Credentials, RegistryPlace

KIND, OTHER = "application/spdx+json", "application/vnd.example.report"
WAYS = [Behaviour(), Behaviour(lists=True), Behaviour(lists=True, page=1), Behaviour(conditions=False)]
NAMES = ["tag", "list", "pages", "tag without conditions"]


def said(place, subject, *types) -> set[bytes]:
    return {content_of(place, one, most=1000) for one in attached(place, subject.digest, *types)}


@pytest.mark.parametrize("behaviour", WAYS, ids=NAMES)
def test_what_is_attached_is_found_again_by_its_type(layout, behaviour):
    with serving(layout.folder, behaviour) as registry:
        place = RegistryPlace(client_of(registry))
        subject = subject_of(place, "1.2")
        assert said(place, subject) == set()
        first = attach(place, subject, KIND, [(KIND, b"one")], annotations={"b": "2", "a": "1"})
        again = attach(place, subject, KIND, [(KIND, b"one")], annotations={"a": "1", "b": "2"})
        attach(place, subject, OTHER, [(OTHER, b"two")])
        assert first == again
        assert said(place, subject, KIND) == {b"one"}
        assert said(place, subject) == {b"one", b"two"}
        listed = [one for one in place.referrers(subject.digest) if one.digest == first.digest]
        assert listed == [first]
        tag = artifacts.tag_of(subject.digest)
        assert (tag in registry.written) is not behaviour.lists
    sent = [path for method, path, _ in registry.requests if method == "PUT" and "/blobs/uploads/" in path]
    assert len(sent) == 3  # the empty configuration and each content, once


@pytest.mark.parametrize("conditions", [True, False])
def test_what_others_list_at_the_same_time_stays(layout, conditions):
    def others(registry):
        entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": f"sha256:{'a' * 64}", "size": 9}
        tag = artifacts.tag_of(subject.digest)
        now = json.loads(registry.blob(registry.written[tag]["digest"]))["manifests"] if tag in registry.written else []
        body = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [*now, entry]}
        registry.write(tag, json.dumps(body).encode(), body["mediaType"])

    # The second manifest that is written is the index; theirs comes after ours was read and before it is written.
    behaviour = Behaviour(conditions=conditions, meanwhile=[lambda registry: None, others])
    with serving(layout.folder, behaviour) as registry:
        place = RegistryPlace(client_of(registry))
        subject = subject_of(place, "1.2")
        made = attach(place, subject, KIND, [(KIND, b"one")])
        found = {one.digest for one in place.referrers(subject.digest)}
    assert made.digest in found
    assert (f"sha256:{'a' * 64}" in found) is conditions  # without conditions nobody can know what was overwritten


def test_a_list_that_others_keep_writing_ends(layout):
    def others(registry):
        tag = artifacts.tag_of(subject.digest)
        body = {"schemaVersion": 2, "manifests": [], "annotations": {"n": str(len(registry.requests))}}
        registry.write(tag, json.dumps(body).encode(), "application/vnd.oci.image.index.v1+json")

    with serving(layout.folder, Behaviour(meanwhile=[others] * 40)) as registry:
        place = RegistryPlace(client_of(registry))
        subject = subject_of(place, "1.2")
        with pytest.raises(SourceError, match="keep writing"):
            attach(place, subject, KIND, [(KIND, b"one")])
    assert len(registry.requests) < 60


def test_writing_asks_for_one_token_that_reads_too(layout):
    with serving(layout.folder, Behaviour(bearer=True, token_user="me:secret")) as registry:
        place = RegistryPlace(client_of(registry, Credentials("me", "secret"), writes=True))
        attach(place, subject_of(place, "1.2"), KIND, [(KIND, b"one")])
    assert len(registry.issued) == 1


def test_an_upload_that_breaks_off_is_begun_anew(layout):
    with serving(layout.folder, Behaviour(lost=2)) as registry:
        place = RegistryPlace(client_of(registry))
        content = b"blob" * 50_000
        place.put_blob(digests.digest_of(content), Held(content))
        assert registry.blob(digests.digest_of(content)) == content
    assert len(registry.sessions) == 3
    with serving(layout.folder, Behaviour(lost=99)) as registry, pytest.raises(SourceError):
        RegistryPlace(client_of(registry)).put_blob(digests.digest_of(b"x"), Held(b"x"))
    assert len(registry.sessions) == 4


def test_a_blob_of_another_repository_is_mounted(layout):
    with serving(layout.folder, Behaviour(mounts=("team/base",))) as registry:
        place = RegistryPlace(client_of(registry))
        place.put_blob(digests.digest_of(b"m"), Held(b"m"), mounted_from="team/base")
        assert not registry.sessions
        place.put_blob(digests.digest_of(b"n"), Held(b"n"), mounted_from="team/other")
        assert len(registry.sessions) == 1


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(lists=True, page=1, elsewhere="https://elsewhere.example/v2/team/cart/referrers/x?a=1"), "else"),
        (Behaviour(lists=True, page=1, elsewhere="/v2/team/other/referrers/x?after=1"), "somewhere else"),
        (Behaviour(failures=[(403, "")]), "does not let this be"),
        (Behaviour(digest_header=f"sha256:{'b' * 64}"), "digest|something else"),
    ],
)
def test_a_registry_that_leads_astray_is_refused(layout, behaviour, words):
    with serving(layout.folder, behaviour) as registry:
        place = RegistryPlace(client_of(registry))
        with pytest.raises(SourceError, match=words):
            subject = subject_of(place, "1.2")
            for content in (b"one", b"two"):
                attach(place, subject, KIND, [(KIND, content)])
            attached(place, subject.digest)


def test_what_speaks_of_another_image_is_not_taken_for_ours(layout):
    with serving(layout.folder) as registry:
        place = RegistryPlace(client_of(registry))
        subject = subject_of(place, "1.2")
        theirs = artifacts.described(b"theirs", "application/vnd.oci.image.manifest.v1+json")
        made = attach(place, theirs, KIND, [(KIND, b"one")])
        index = artifacts.index_of([made])
        registry.write(artifacts.tag_of(subject.digest), index, "application/vnd.oci.image.index.v1+json")
        assert attached(place, subject.digest) == []
