"""Layers as sources: who gets which file, what is said of it, and when a layer need not be read."""

import pytest
from tests.formats.oci.archives import member
from tests.sources.image.building import Layout

from lockgate.errors import SourceError
from lockgate.formats.oci.layers.limits import LayerLimits
from lockgate.model import Confidence, Family, Finding, Location, Severity, Skip, SkipKind, Subject
from lockgate.model.rule import RuleId
from lockgate.sources.image import LayerSource, opened, place_of, sources_of


def everything(path: str, size: int) -> bool:
    return True


def layers(layout: Layout, **more) -> list[LayerSource]:
    named = place_of(str(layout.folder))
    image = opened(named.place, named.key, name="cart", built_from=more.pop("built_from", None))
    return [one for one in sources_of(image, **more) if isinstance(one, LayerSource)]


class Listings:
    """Where lists of entries are kept, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, tuple[str, bytes]]] = {}

    def get_all(self, key):
        return self.kept.get(key, {})

    def put_many(self, key, rows):
        self.kept[key] = {name: (stamp, payload) for name, stamp, payload in rows}


def test_a_file_that_is_wanted_under_the_path_of_a_hard_link_alone_is_given_under_it(layout):
    layout.name(layout.image([("bin/real", b"same"), ("", member("etc/.env", "hard", "bin/real"))]), "latest")
    (source,) = layers(layout)
    rows = list(source.collect(lambda path, size: path.endswith(".env")))
    assert [(row.path, row.load()) for row in rows] == [("etc/.env", b"same")]


def test_hard_links_that_lead_to_each_other_end(layout):
    loop = [("", member("a", "hard", "b")), ("", member("b", "hard", "a")), ("", member("c", "hard", "c")), ("d", b"x")]
    layout.name(layout.image(loop), "latest")
    (source,) = layers(layout)
    assert [row.path for row in source.collect(everything)] == ["d"]


def test_a_file_over_the_limit_and_a_path_that_leads_out_are_said_to_be_unread(layout):
    layout.name(layout.image([("big", b"x" * 100), ("../out", b"y"), ("small", b"z")]), "latest")
    (source,) = layers(layout, max_bytes=50)
    rows = list(source.collect(everything))
    skips = {row.path: row.kind for row in rows if isinstance(row, Skip)}
    assert skips == {"big": SkipKind.TOO_LARGE, "../out": SkipKind.SPECIAL}
    assert [row.path for row in rows if not isinstance(row, Skip)] == ["small"]


def test_a_layer_of_which_everything_is_known_is_not_read_again(layout):
    layout.name(layout.image({"a": b"1", "etc/.wh.gone": b""}, {"b": b"2"}), "latest")
    listings = Listings()
    for source in layers(layout, listings=listings):
        assert list(source.collect(everything))
        assert source.reread
    for blob in (layout.folder / "blobs" / "sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            blob.unlink()
    again = layers(layout, listings=listings)
    assert [row.path for one in again for row in one.collect(everything, lambda file: True)] == ["b", "a"]
    assert not any(one.reread for one in again)


def test_a_layer_of_which_one_file_is_not_known_is_read(layout):
    layout.name(layout.image({"a": b"1", "b": b"2"}), "latest")
    listings = Listings()
    for _ in range(2):
        (source,) = layers(layout, listings=listings)
        rows = list(source.collect(everything, lambda file: file.path == "a"))
        assert [(row.path, row.load()) for row in rows] == [("a", b"1"), ("b", b"2")]
        assert source.reread


def test_a_layer_with_a_path_twice_is_read_each_time(layout):
    layout.name(layout.image([("a", b"1"), ("a", b"2")]), "latest")
    listings = Listings()
    (source,) = layers(layout, listings=listings)
    assert [row.load() for row in source.collect(everything)] == [b"1", b"2"]
    assert listings.kept == {}


def finding(path: str) -> Finding:
    return Finding(RuleId("secrets/x"), Family.SECRETS, Severity.HIGH, Confidence.HIGH, Subject("secret", "x", "x"),
                   Location(path, 1), "A secret.")  # fmt: skip


def test_a_finding_says_which_layer_brought_it_and_which_hides_it(layout, tmp_path):
    copy, remove = "COPY . /app # buildkit", "RUN /bin/sh -c rm /app/.env # buildkit"
    steps = ["/bin/sh -c #(nop) ADD base", "-ENV A=b", copy, remove]
    layout.name(layout.image({"etc/base": b""}, {"app/.env": b"k"}, {"app/.wh..env": b""}, steps=steps), "latest")
    (tmp_path / "Dockerfile").write_text("FROM base\n\nENV A=b\nCOPY . /app\nRUN rm /app/.env\n")
    top, middle, base = layers(layout, built_from=tmp_path / "Dockerfile")
    for source in (top, middle, base):
        list(source.collect(everything))
    told = middle.told(finding("app/.env"))
    assert told.message == (
        "A secret. Layer 1 brought it (COPY . /app, Dockerfile line 4); layer 2 deleted it, but whoever pulls the "
        "image can still read it."
    )
    assert [(one.name, one.value) for one in told.facts] == [
        ("deleted-by-layer", "2"), ("instruction", "COPY . /app, Dockerfile line 4"), ("layer", "1"),
        ("layer-digest", middle.layer.descriptor.digest),
    ]  # fmt: skip
    assert base.told(finding("etc/base")).message == "A secret. Layer 0 brought it (ADD base)."
    assert base.told(finding("not/there")) == finding("not/there")


def test_a_layer_beyond_the_limits_ends_the_reading(layout):
    layout.name(layout.image({"a": b"", "b": b"", "c": b""}), "latest")
    (source,) = layers(layout, limits=LayerLimits(entries=2))
    with pytest.raises(SourceError, match=r"layer 0 .*more than 2 entries"):
        list(source.collect(everything))
