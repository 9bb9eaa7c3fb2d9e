"""Archives are read entry by entry as Go and Python read them, and what is none is one clear error."""

import contextlib
import io
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.oci.archives import cut, member, tar

from lockgate.formats.oci.layers.entries import Kind
from lockgate.formats.oci.layers.limits import LayerError, LayerLimits
from lockgate.formats.oci.layers.tar import Tar
from lockgate.model import SkipKind

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def entries(archive: bytes, size: int = 1000, **limits):
    return list(Tar(cut(archive, size), LayerLimits(**limits)))


def contents(archive: bytes, size: int = 1000, most: int = 1 << 30) -> dict[str, bytes]:
    reader = Tar(cut(archive, size), LayerLimits())
    return {entry.path: reader.content(most) for entry in reader if entry.kind is Kind.FILE}


NAMES = st.lists(st.text("abc\u00e9\U0001f512 ", min_size=1, max_size=40), min_size=1, max_size=6).map("/".join)


@given(
    st.dictionaries(NAMES, st.binary(max_size=2000), max_size=6),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.integers(1, 3000),
)
def test_every_file_is_read_as_tarfile_reads_it(files, format, size):
    archive = tar(files, format)
    with tarfile.open(fileobj=io.BytesIO(archive)) as known:
        expected = {one.name.strip("/"): known.extractfile(one).read() for one in known}
    assert contents(archive, size) == expected


@given(st.binary(max_size=3000), st.binary(max_size=3000), st.integers(1, 3000))
def test_a_stream_has_what_the_content_is(first, second, size):
    reader = Tar(cut(tar({"a": first, "b": second}, tarfile.USTAR_FORMAT), size), LayerLimits())
    assert {one.path: reader.stream(1 << 30).read() for one in reader} == {"a": first, "b": second}


def test_no_stream_is_given_of_a_file_that_is_too_large_or_cut_short():
    archive = tar({"a": bytes(4000)}, tarfile.USTAR_FORMAT)
    for pieces, most, told in (([archive], 3999, "over the limit of 3,999"), ([archive[:2000]], 1 << 20, "cut short")):
        reader = Tar(pieces, LayerLimits())
        next(iter(reader))
        with pytest.raises(LayerError, match=told):
            reader.stream(most)


@pytest.mark.parametrize("format", FORMATS)
def test_kinds_modes_and_targets_are_told(format):
    found = entries(
        tar(
            [("", member("bin/", mode=0o755)), ("bin/sh", b"#!"), ("", member("bin/su", mode=0o4755)),
             ("", member("lib", "link", "usr/lib")), ("", member("bin/ash", "hard", "./bin/sh")),
             ("", member("run/pipe", "fifo")), ("", member("dev/null", "device"))],
            format,
        )
    )  # fmt: skip
    assert [(one.kind, one.path, one.size, oct(one.mode), one.target) for one in found] == [
        (Kind.FOLDER, "bin", 0, "0o755", ""),
        (Kind.FILE, "bin/sh", 2, "0o644", ""),
        (Kind.FILE, "bin/su", 0, "0o4755", ""),
        (Kind.LINK, "lib", 0, "0o644", "usr/lib"),
        (Kind.HARD_LINK, "bin/ash", 0, "0o644", "bin/sh"),
        (Kind.SPECIAL, "run/pipe", 0, "0o644", "FIFO"),
        (Kind.SPECIAL, "dev/null", 0, "0o644", "character 0:0"),
    ]


def test_the_capabilities_of_a_file_and_the_numbers_of_a_device_are_told():
    may = bytes.fromhex("0000000200200000000000000000000000000000")
    ping = member("bin/ping", **{"SCHILY.xattr.security.capability": may.decode("latin-1")})
    disk = member("dev/sda")
    disk.type, disk.devmajor, disk.devminor = tarfile.BLKTYPE, 8, 0
    one, two = entries(tar([("", ping), ("", disk)]))
    assert (one.capabilities, two.target) == (may.hex(), "block 8:0")


def test_whiteouts_are_told_from_files():
    names = ("etc/.wh.passwd", "bin/.wh..wh..opq", ".wh.top", ".wh..wh.plnk", "a.wh.b")
    found = entries(tar(dict.fromkeys(names, b"")))
    assert [(one.kind, one.path) for one in found] == [
        (Kind.WHITEOUT, "etc/passwd"), (Kind.OPAQUE, "bin"), (Kind.WHITEOUT, "top"), (Kind.SPECIAL, ".wh..wh.plnk"),
        (Kind.FILE, "a.wh.b"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path"),
    [("./a", "a"), ("/a/b/", "a/b"), ("a//b/./c", "a/b/c"), ("./", ""), ("..a/b..", "..a/b.."), ("...", "...")],
)
def test_paths_are_told_from_the_root(name, path):
    assert [one.path for one in entries(tar([(name, b"")]))] == [path]


@pytest.mark.parametrize("name", ["../etc/passwd", "a/../../b", "..", "/../x", "a/.."])
def test_a_path_that_leads_out_is_refused(name):
    assert [one.kind for one in entries(tar([(name, b"x"), ("after", b"y")]))] == [Kind.REFUSED, Kind.FILE]


def test_a_hard_link_that_leads_out_is_refused_and_a_symbolic_one_never_followed():
    found = entries(tar([("", member("a", "hard", "../../etc/shadow")), ("", member("b", "link", "../../etc/shadow"))]))
    assert [(one.kind, one.target) for one in found] == [
        (Kind.REFUSED, "a hard link that leads out of the image"),
        (Kind.LINK, "../../etc/shadow"),
    ]


def test_a_path_longer_than_any_that_can_be_opened_is_refused():
    assert [one.kind for one in entries(tar([("a/" * 3000 + "b", b"x"), ("c", b"")]))] == [Kind.REFUSED, Kind.FILE]


def test_a_global_header_changes_no_file():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "evil"}) as archive:
        archive.addfile(member("good"))
    assert [one.path for one in entries(out.getvalue())] == ["good"]


def test_a_link_has_no_content_whatever_its_header_says():
    link = bytearray(tar([("", member("l", "link", "t"))])[:512])
    link[124:136] = b"00000001000\0"
    link[148:156] = b" " * 8
    link[148:156] = f"{sum(link):06o}\0 ".encode()
    assert [one.path for one in entries(bytes(link) + tar({"next": b"x"}))] == ["l", "next"]


@pytest.mark.skipif(shutil.which("tar") is None, reason="GNU tar writes the sparse files")
@pytest.mark.parametrize("form", ["gnu", "pax:0.0", "pax:0.1", "pax:1.0"])
@pytest.mark.parametrize("parts", [0, 1, 3, 30])
def test_sparse_files_of_every_version_are_read_with_their_holes(tmp_path, form, parts):
    with (tmp_path / "sparse").open("wb") as stream:
        for number in range(parts):
            stream.seek(number * 300_000 + 70_000)
            stream.write(b"part %d" % number)
        stream.truncate(parts * 300_000 + 500_000)
    (tmp_path / "after").write_bytes(b"after")
    form, _, version = form.partition(":")
    more = [f"--sparse-version={version}"] if version else []
    made = subprocess.run(
        ["tar", "-C", str(tmp_path), f"--format={form}", "--sparse", *more, "-cf", "-", "sparse", "after"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    assert len(made) < 300_000
    found = contents(made, 700)
    assert found["sparse"] == (tmp_path / "sparse").read_bytes()
    reader = Tar(cut(made, 700), LayerLimits())
    assert {one.path: reader.stream(1 << 30).read() for one in reader} == found
    assert found["after"] == b"after"


def test_a_sparse_file_of_ten_terabytes_takes_no_memory_unless_asked_for():
    holes = member("big", **{"GNU.sparse.map": "0,0", "GNU.sparse.size": str(10**13), "GNU.sparse.numblocks": "1"})
    reader = Tar(cut(tar([("", holes)])), LayerLimits())
    entry = next(iter(reader))
    assert entry.size == 10**13
    with pytest.raises(LayerError, match="over the limit") as caught:
        reader.content(1 << 20)
    assert caught.value.kind is SkipKind.TOO_LARGE


GOOD = tar({"a": b"x" * 3000, "b" * 200: b"y"})


@pytest.mark.parametrize("end", [1, 100, 511, 513, 1024, 2000, 3500, 4200, 5000])
def test_an_archive_that_is_cut_short_is_an_error_wherever_it_was_cut(end):
    with pytest.raises(LayerError):
        entries(GOOD[:end])


def test_an_archive_may_end_without_blocks_of_nuls_as_docker_once_wrote_them():
    assert [one.path for one in entries(tar({"a": b"x"})[:1024])] == ["a"]


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (b"not an archive" * 100, "no archive"),
        (tar([("", member("a", size="-1"))]), "no number"),
        (tar([("", member("a", path="x" * 2_000_000))]), "a header of"),
        (tar([("", member("a", **{"GNU.sparse.map": "5,5,0,5", "GNU.sparse.size": "10"}))]), "overlap"),
        (tar([("", member("a", **{"GNU.sparse.map": "0,x", "GNU.sparse.size": "10"}))]), "map is none"),
        (tar([("", member("a", **{"GNU.sparse.map": "0,5", "GNU.sparse.size": "10"}))]), "not what is stored"),
        (tar([("", member("a", path="a\0b"))]), "NUL"),
    ],
)
def test_what_is_no_archive_is_one_error_that_says_why(archive, words):
    with pytest.raises(LayerError, match=words):
        entries(archive)


def test_more_entries_than_allowed_are_refused():
    with pytest.raises(LayerError, match="more than 2 entries") as caught:
        entries(tar({"a": b"", "b": b"", "c": b""}), entries=2)
    assert caught.value.kind is SkipKind.LIMIT


@given(st.binary(max_size=2048))
def test_no_bytes_raise_anything_else(noise):
    with contextlib.suppress(LayerError):
        entries(noise)


@given(st.sampled_from(FORMATS), st.integers(0, 1535), st.integers(0, 255))
def test_no_changed_byte_raises_anything_else(format, place, value):
    changed = bytearray(tar({"a/b": b"x" * 300, "c": b"y"}, format))
    changed[place] = value
    with contextlib.suppress(LayerError):
        contents(bytes(changed))
