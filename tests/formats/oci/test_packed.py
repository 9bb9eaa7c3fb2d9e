"""A file that is held packed reads as its bytes do."""

import io

from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.oci.layers.packed import PackedFile

SEEKS = st.tuples(st.integers(0, 700_000), st.sampled_from([io.SEEK_SET, io.SEEK_END]), st.integers(-1, 400_000))


@given(st.integers(0, 600_000), st.integers(1, 300_000), st.lists(SEEKS, max_size=6))
def test_it_reads_from_any_place_as_its_bytes_do(size, piece, steps):
    whole = bytes(range(251)) * (size // 251 + 1)
    whole = whole[:size]
    packed = io.BufferedReader(PackedFile(whole[at : at + piece] for at in range(0, size, piece)))
    plain = io.BytesIO(whole)
    for offset, whence, count in steps:
        offset = -min(offset, size) if whence == io.SEEK_END else offset
        assert packed.seek(offset, whence) == plain.seek(offset, whence)
        assert packed.read(count) == plain.read(count)
        assert packed.tell() == plain.tell()


def test_a_program_is_held_in_less_than_it_is():
    held = PackedFile(bytes(1 << 20) for _ in range(64))
    assert held.seek(0, io.SEEK_END) == 64 << 20
    assert sum(map(len, held._blocks)) < 1 << 20
