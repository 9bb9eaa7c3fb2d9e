"""What is read into memory that is a file is what the file holds, however often it is used again."""

import gzip
import io
import json
from pathlib import Path

import pytest

from lockgate.store.ingest import memory
from lockgate.store.ingest.blocks import blocks, streamed
from lockgate.store.ingest.memory import Alone, Shared, fresh, path_of
from lockgate.store.ingest.plain import opened

_SIZE = 4096


def _written(folder, lines, name="lines"):
    path = folder / name
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


@pytest.fixture(params=[Shared, Alone])
def kind(request, monkeypatch):
    if request.param is Shared and not isinstance(fresh(), Shared):
        pytest.skip("this system has no memory that is a file")
    monkeypatch.setattr("lockgate.store.ingest.blocks.fresh", request.param)
    return request.param


def test_the_memory_of_a_block_is_used_again_and_a_block_that_is_kept_stays_as_it_is(kind, tmp_path):
    lines = [json.dumps({"n": number, "text": "x" * (number % 90)}).encode() for number in range(600)]
    path = _written(tmp_path, lines)
    kept = list(blocks(path, size=_SIZE))
    assert len({id(one.data) for one in kept}) == len(kept) > 5
    assert b"".join(bytes(one.data) for one in kept).splitlines() == lines
    again = b""
    for one in blocks(path, size=_SIZE):
        again += bytes(one.data)
        del one
    assert again.splitlines() == lines


def test_lines_are_counted_when_somebody_asks_from_any_block_on(kind, tmp_path):
    lines = [b'{"n":1}'] * 5000
    path = _written(tmp_path, lines)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    found = list(blocks(path, size=_SIZE))
    at = 1
    expected = []
    for one in found:
        expected.append(at)
        at += bytes(one.data).count(b"\n")
    assert found[3].begin() == expected[3]
    assert [one.begin() for one in found[4:]] == expected[4:]
    packed = tmp_path / "lines.gz"
    packed.write_bytes(gzip.compress(b"\n".join(lines)))
    assert [one.begin() for one in blocks(packed, size=_SIZE)][:4] == expected[:1] + [
        1 + bytes(b"\n".join(lines))[: _SIZE * n].count(b"\n") for n in range(1, 4)
    ]


def test_a_stream_that_ends_early_leaves_nothing_of_the_block_before(kind):
    content = b'{"a":1}\n' * 1000 + b'{"last":true}'
    found = [bytes(one.data) for one in streamed(io.BytesIO(content), size=_SIZE)]
    assert b"".join(found) == content + b"\n"


def test_an_engine_reads_it_as_it_is_now(tmp_path):
    data = fresh()
    if not path_of(data):
        pytest.skip("this system has no memory that is a file")
    connection = opened()
    try:
        for number in range(1, 6):
            line = b'{"n":%d}\n' % number
            data.resize(len(line))
            data[:] = line
            form = "format = 'newline_delimited', columns = {'n': 'INT'}"
            asked = f"SELECT n FROM read_json('{path_of(data)}', {form})"
            assert connection.execute(asked).fetchall() == [(number,)]
    finally:
        connection.close()


def test_its_file_is_closed_when_it_goes():
    data = fresh()
    path = path_of(data)
    if not path:
        pytest.skip("this system has no memory that is a file")
    assert Path(path).exists()
    del data
    assert not Path(path).exists()


def test_where_no_memory_is_a_file_a_file_is_written(monkeypatch):
    monkeypatch.setattr(memory, "_HANDLES", "/nowhere")
    data = fresh()
    data.resize(3)
    assert (type(data), bytes(data), path_of(data)) == (Alone, b"\0\0\0", "")
