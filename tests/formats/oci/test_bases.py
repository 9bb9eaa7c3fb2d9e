"""Which image another stands on, and which are stale once a base has moved."""

import hashlib

from lockgate.formats.oci.bases import Base, KnownImage, base_of, begins_with, chain_ids, stale

BASE = KnownImage("sha256:b1", "base:1", ("a", "b"))
MOVED = KnownImage("sha256:b2", "base:1", ("a", "x"))
BELOW = KnownImage("sha256:b0", "scratchy:1", ("a",))


def image(*diff_ids: str, **more: str) -> KnownImage:
    return KnownImage("sha256:i", "shop:1", diff_ids, **more)


def test_the_image_with_most_of_the_first_layers_is_the_base():
    assert base_of(image("a", "b", "c"), [BELOW, BASE, MOVED]) == Base("base:1", "sha256:b1", 2)
    assert base_of(image("a", "z"), [BELOW, BASE, MOVED]) == Base("scratchy:1", "sha256:b0", 1)
    assert base_of(image("b", "a"), [BELOW, BASE]) is None


def test_an_image_is_no_base_of_itself_and_layers_without_a_digest_prove_nothing():
    assert base_of(BASE, [BASE]) is None
    assert not begins_with(("", "", "c"), ("", ""))
    assert not begins_with(("a",), ())


def test_a_label_counts_first_and_says_where_the_base_ends_when_it_is_known():
    stated = image("a", "b", "c", base_name="base:1", base_digest="sha256:b1")
    assert base_of(stated, [BASE, BELOW]) == Base("base:1", "sha256:b1", 2)
    assert base_of(stated, [BELOW]) == Base("base:1", "sha256:b1", 0)
    index = KnownImage("sha256:b1", "base:1", ("a", "b"), index_digest="sha256:idx")
    assert base_of(image("a", "b", "c", base_digest="sha256:idx"), [index]) == Base("base:1", "sha256:idx", 2)


def test_a_name_that_is_stated_alone_is_the_known_image_of_it_that_the_layers_begin_with():
    debian = KnownImage("sha256:d1", "docker.io/library/debian:12", ("a",))
    newer = KnownImage("sha256:d2", "docker.io/library/debian:12", ("x",))
    stated = image("a", "b", base_name="debian:12")
    assert base_of(stated, [newer, debian, BASE]) == Base("debian:12", "sha256:d1", 1)
    assert base_of(stated, [newer, BASE]) == Base("debian:12", "", 0)


def test_images_on_an_older_one_of_the_name_are_stale():
    old, new, other = image("a", "b", "c"), image("a", "x", "c"), image("z")
    labelled = image("q", base_name="base:1", base_digest="sha256:b1")
    fresh = image("q", base_name="base:1", base_digest="sha256:b2")
    found = stale([old, new, other, labelled, fresh, BASE], MOVED, known=[BASE, MOVED])
    assert found == [old, labelled]


def test_chains_of_layers_are_named_as_the_specification_names_them():
    first, second = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    made = chain_ids([first, second])
    assert made == [first, "sha256:" + hashlib.sha256(f"{first} {second}".encode()).hexdigest()]
    assert chain_ids([first, second, first])[:2] == made and chain_ids([]) == [] and chain_ids([first, ""]) == []
