"""A registry is read whatever it wants to know and however badly it behaves, and is shown no more than it must."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.registry import Behaviour, serving
from tests.sources.image.registry.conftest import BIG, client_of, read

from lockgate.errors import SourceError
from lockgate.sources.image.registry import Client, Credentials, Limits, Trust
from lockgate.sources.image.registry.challenges import parsed

FILES = {"base": BIG, "mine": b"mine"}


def digests(layout) -> list[str]:
    return [one.name for one in (layout.folder / "blobs" / "sha256").iterdir()]


def test_an_image_is_read_by_tag_and_by_digest(layout):
    with serving(layout.folder) as registry:
        assert read(client_of(registry)) == FILES
        assert read(client_of(registry), registry.tags()["1.2"]["digest"]) == FILES


@pytest.mark.parametrize(
    ("behaviour", "held"),
    [
        (Behaviour(basic="me:secret"), Credentials("me", "secret")),
        (Behaviour(bearer=True), Credentials()),
        (Behaviour(bearer=True, token_user="me:se:cret"), Credentials("me", "se:cret")),
        (Behaviour(bearer=True, refresh="r1"), Credentials(identity="r1")),
        (Behaviour(bearer=True, refresh="r2", entra="e1"), Credentials(azure="e1")),
    ],
    ids=["basic", "anonymous token", "token", "refresh token", "azure"],
)
def test_every_way_in_is_known(layout, behaviour, held):
    with serving(layout.folder, behaviour) as registry:
        assert read(client_of(registry, held)) == FILES


@pytest.mark.parametrize(
    ("behaviour", "held", "words"),
    [
        (Behaviour(basic="me:secret"), Credentials(), "wants to know who asks"),
        (Behaviour(basic="me:secret"), Credentials("me", "wrong"), "wants to know who asks"),
        (Behaviour(bearer=True, token_user="me:secret"), Credentials("me", "wrong"), "token server refuses"),
        (Behaviour(bearer=True, refresh="r", entra="e"), Credentials(azure="wrong"), "token server refuses"),
        (Behaviour(bearer=True, token_uses=0), Credentials(), "wants to know who asks"),
    ],
)
def test_who_is_refused_is_told_so(layout, behaviour, held, words):
    with serving(layout.folder, behaviour) as registry, pytest.raises(SourceError, match=words) as caught:
        read(client_of(registry, held))
    assert "wrong" not in str(caught.value)


def test_a_token_that_is_over_in_the_middle_is_asked_for_anew(layout):
    with serving(layout.folder, Behaviour(bearer=True, token_uses=1)) as registry:
        assert read(client_of(registry)) == FILES
    assert len(registry.issued) == 4  # for the manifest, the configuration and two layers


def test_a_token_is_asked_for_anew_before_it_is_over(layout):
    with serving(layout.folder, Behaviour(bearer=True, expires_in=1)) as registry:
        client = client_of(registry)
        client._authorization._clock = iter(float(number) for number in range(0, 1000, 5)).__next__
        assert read(client) == FILES
    assert len(registry.issued) >= 3


def test_credentials_stay_with_the_registry_when_it_redirects(layout):
    with serving(layout.folder) as store:
        behaviour = Behaviour(basic="me:secret", blobs_at=f"http://{store.host}/store/{{digest}}?sig=1")
        with serving(layout.folder, behaviour) as registry:
            assert read(client_of(registry, Credentials("me", "secret"))) == FILES
    assert len(store.requests) == 3
    assert not any("Authorization" in headers for _, _, headers in store.requests)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://169.254.169.254/latest/meta-data", "without TLS|may not be asked"),
        ("https://169.254.169.254/latest", "may not be asked"),
        ("https://[::ffff:169.254.169.254]/x", "may not be asked"),
        ("http://10.0.0.1/x", "without TLS"),
        ("file:///etc/passwd", "none of a web server"),
        ("gopher://127.0.0.1/x", "none of a web server"),
        ("http://{host}/v2/team/cart/blobs/{digest}", "answers 307"),
        ("", "nowhere"),
    ],
)
def test_a_registry_leads_nowhere_it_may_not(layout, target, words):
    with (
        serving(layout.folder, Behaviour(blobs_at=target or " ")) as registry,
        pytest.raises(SourceError, match=words),
    ):
        read(client_of(registry))


def test_a_token_server_without_tls_elsewhere_is_not_asked(layout):
    behaviour = Behaviour(bearer=True, realm="http://10.1.2.3/token")
    with serving(layout.folder, behaviour) as registry, pytest.raises(SourceError, match="without TLS"):
        read(client_of(registry, Credentials("me", "secret")))


def test_a_download_that_breaks_goes_on_where_it_broke(layout):
    for ranges in (True, False):
        behaviour = Behaviour(break_after=[1 << 30, 1 << 30, 100_000, 80_000, 50_000], ranges=ranges)
        if not ranges:
            behaviour.break_after = [1 << 30, 1 << 30, 100_000, 180_000]
        with serving(layout.folder, behaviour) as registry:
            assert read(client_of(registry)) == FILES
        asked = [headers["Range"] for _, _, headers in registry.requests if "Range" in headers]
        assert len(asked) == (3 if ranges else 2)
        assert asked[0].startswith("bytes=")


def test_a_download_that_always_breaks_ends(layout):
    with serving(layout.folder, Behaviour(break_after=[1 << 30, *([1000] * 50)])) as registry:
        with pytest.raises(SourceError, match="does not answer as it should"):
            read(client_of(registry, retries=5))
        assert len(registry.requests) < 12


def test_a_busy_registry_is_asked_again_after_the_time_it_names(layout):
    slept: list[float] = []
    with serving(layout.folder, Behaviour(failures=[(429, "3"), (503, ""), (500, "2")])) as registry:
        assert read(client_of(registry, slept=slept)) == FILES
    assert (slept[0], slept[2]) == (3, 2)
    assert 0 < slept[1] < 2


@pytest.mark.parametrize(("failures", "words"), [([(429, "3600")], "429"), ([(500, "")] * 30, "500")])
def test_patience_with_a_registry_ends(layout, failures, words):
    slept: list[float] = []
    with serving(layout.folder, Behaviour(failures=failures)) as registry, pytest.raises(SourceError, match=words):
        read(client_of(registry, slept=slept))
    assert sum(slept) <= Limits().wait_seconds


def test_a_registry_that_sends_too_slowly_is_left(layout):
    began = time.monotonic()
    with serving(layout.folder, Behaviour(slow=0.05)) as registry, pytest.raises(SourceError, match="too slowly"):
        read(client_of(registry, patience_seconds=0.3, slowest=1 << 20))
    assert time.monotonic() - began < 5


def test_a_registry_that_says_nothing_is_left(layout):
    with serving(layout.folder, Behaviour(slow=3)) as registry, pytest.raises(SourceError, match="TimeoutError"):
        read(client_of(registry, silence_seconds=0.2, retries=1))


def test_a_blob_longer_than_it_should_be_is_stopped(layout):
    with serving(layout.folder, Behaviour(extra=b"x" * 200_000)) as registry, pytest.raises(SourceError):
        read(client_of(registry))


@pytest.mark.parametrize(
    ("behaviour", "key", "words"),
    [
        (Behaviour(), "none", "no such image .MANIFEST_UNKNOWN"),
        (Behaviour(content_type="application/vnd.docker.distribution.manifest.v1+prettyjws"), "1.2", "schema 1"),
        (Behaviour(content_type="text/html"), "1.2", "neither a manifest nor an index"),
        (Behaviour(digest_header="sha256:" + "0" * 64), "1.2", "does not have the digest"),
    ],
)
def test_what_is_no_image_there_is_one_clear_error(layout, behaviour, key, words):
    with serving(layout.folder, behaviour) as registry, pytest.raises(SourceError, match=words):
        read(client_of(registry), key)


def test_a_blob_that_is_another_is_never_read(layout):
    blobs = sorted((layout.folder / "blobs" / "sha256").iterdir(), key=lambda one: one.stat().st_size)
    blobs[-1].write_bytes(blobs[-1].read_bytes()[:-1] + b"x")
    with serving(layout.folder) as registry, pytest.raises(SourceError, match=r"digest|damaged|cut short"):
        read(client_of(registry))


def test_words_of_a_registry_move_no_cursor(layout):
    with serving(layout.folder) as registry:
        client = Client(registry.host, "team/other", Credentials(), trust=Trust())
        with pytest.raises(SourceError, match="NAME_UNKNOWN") as caught:
            client.document("manifests/1", accept="*/*", most=1000)
        client.close()
    assert "\x1b" not in str(caught.value)


def test_nobody_listening_is_said_in_a_moment():
    client = Client("127.0.0.1:9", "a", Credentials(), trust=Trust(), limits=Limits(retries=2), sleep=lambda wait: None)
    with pytest.raises(SourceError, match="does not answer"):
        client.document("manifests/1", accept="*/*", most=1000)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
         [("bearer", {"realm": "https://a/t", "service": "s", "scope": "repository:a:pull,push"})]),
        ('Basic realm="a \\"b\\"", Bearer realm=c', [("basic", {"realm": 'a "b"'}), ("bearer", {"realm": "c"})]),
        ("Negotiate", [("negotiate", {})]),
        ("", []), ("=,=", []), ('realm="x"', []),
    ],
)  # fmt: skip
def test_challenges_are_read(header, found):
    assert [(one.scheme, one.parameters) for one in parsed(header)] == found


@given(st.text(max_size=200))
def test_no_header_raises(header):
    with contextlib.suppress(ValueError):
        parsed(header)
