"""Layers are unpacked whatever packs them, checked by both digests, and never to more than their bounds."""

import bz2
import gzip
import hashlib
import io
import lzma
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.oci.archives import cut, gz, tar, zst
from tests.formats.oci.documents import digest

from lockgate.formats.oci.layers.limits import LayerError, LayerLimits
from lockgate.formats.oci.layers.unpacking import PIECE, Unpacked
from lockgate.formats.oci.media_types import Packing
from lockgate.model import SkipKind


def unpacked(packed: bytes, plain: bytes | None = None, size: int = 777, **limits) -> bytes:
    diff_id = digest(plain) if plain is not None else ""
    return b"".join(Unpacked(cut(packed, size), digest=digest(packed), diff_id=diff_id, limits=LayerLimits(**limits)))


def estargz(content: bytes) -> bytes:
    """gzip of a member for each piece, as eStargz has them, the last one empty with a field of its own."""
    return b"".join(gz(piece) for piece in cut(content, 300)) + gzip.compress(b"")


def frames(content: bytes) -> bytes:
    return zst(content[:100]) + zst(content[100:])


PACKINGS = {"plain": bytes, "gzip": gz, "estargz": estargz, "zstd": zst, "frames": frames}
CONTENT = st.binary(min_size=1, max_size=3000).filter(lambda one: one[:1] not in b"\x1f(B\xfdP\x04")


@pytest.mark.parametrize("packing", PACKINGS)
@given(content=CONTENT, size=st.integers(1, 900))
def test_what_was_packed_comes_out(packing, content, size):
    assert unpacked(PACKINGS[packing](content), content, size) == content


def test_skippable_frames_and_padding_are_passed_over():
    content = tar({"a": b"x"})
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    assert unpacked(skippable + zst(content) + skippable, content) == content
    assert unpacked(gz(content) + bytes(512), content) == content


def test_which_packing_it_was_is_known_and_how_much():
    content = tar({"a": b"x" * 5000})
    for packed, packing in ((gz(content), Packing.GZIP), (zst(content), Packing.ZSTD), (content, Packing.NONE)):
        layer = Unpacked(cut(packed), digest=digest(packed), limits=LayerLimits())
        assert b"".join(layer) == content
        assert (layer.packing, layer.packed_bytes, layer.bytes) == (packing, len(packed), len(content))


@pytest.mark.parametrize("pack", [gz, zst])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_layer_that_is_cut_short_is_an_error_even_where_its_digest_fits(pack, share):
    packed = pack(hashlib.sha256(b"seed").digest() * 1000)
    with pytest.raises(LayerError, match=r"cut short|damaged"):
        unpacked(packed[: int(len(packed) * share)])


@pytest.mark.parametrize("pack", [gz, zst, bytes])
def test_a_wrong_digest_is_an_error_of_either_kind(pack):
    content = tar({"a": b"x"})
    packed = pack(content)
    with pytest.raises(LayerError, match="the layer does not have its digest"):
        list(Unpacked(cut(packed), digest=digest("other"), limits=LayerLimits()))
    with pytest.raises(LayerError, match="the unpacked layer does not have its digest"):
        list(Unpacked(cut(packed), digest=digest(packed), diff_id=digest("other"), limits=LayerLimits()))


@pytest.mark.parametrize("pack", [gz, zst])
def test_a_damaged_layer_is_an_error(pack):
    packed = bytearray(pack(bytes(range(256)) * 50))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(LayerError):
        unpacked(bytes(packed), bytes(range(256)) * 50)


@pytest.mark.parametrize(("pack", "name"), [(bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_other_packings_are_named(pack, name):
    with pytest.raises(LayerError, match=name) as caught:
        unpacked(pack(b"x"))
    assert caught.value.kind is SkipKind.UNSUPPORTED


def bomb(size: int) -> bytes:
    out = io.BytesIO()
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(size // (1 << 20)):
        out.write(packer.compress(bytes(1 << 20)))
    return out.getvalue() + packer.flush()


@pytest.mark.parametrize("pack", [lambda: bomb(64 << 20), lambda: zst(bytes(64 << 20))])
def test_a_bomb_is_refused_in_little_memory(pack):
    packed = pack()
    tracemalloc.start()
    try:
        with pytest.raises(LayerError, match="a bomb") as caught:
            for _ in Unpacked(cut(packed, 65536), digest=digest(packed), limits=LayerLimits(ratio_from=16 << 20)):
                pass
        assert tracemalloc.get_traced_memory()[1] < 24 * PIECE
    finally:
        tracemalloc.stop()
    assert caught.value.kind is SkipKind.LIMIT


def test_more_bytes_or_members_than_allowed_are_refused():
    with pytest.raises(LayerError, match="more than 1,000 bytes"):
        unpacked(gz(bytes(2000)), unpacked_bytes=1000)
    with pytest.raises(LayerError, match="more than 3 members"):
        unpacked(gz(b"") * 5, entries=3)
