"""The cache saves work and never fails a run."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.model import (
    Component,
    Confidence,
    Edit,
    Family,
    File,
    Finding,
    Fix,
    Location,
    Related,
    RuleId,
    Severity,
    Skip,
    SkipKind,
    Subject,
)  # fmt: skip
from lockgate.store import Waiver, codec
from lockgate.store.cache import Cache
from lockgate.store.codec import Kept

FINDING = Finding(
    RuleId("d/x"), Family.DOCKERFILES, Severity.CRITICAL, Confidence.LOW, Subject("stage", "n", "k"),
    Location("Dockerfile", 1, 2, 3, 4, "/p", "c", ("RUN a", "RUN b")), "m",
    Fix("pin it", (Edit("Dockerfile", 1, 1, "x", "y"),)), ("CVE-1",), (Related("a", "b"),),
)  # fmt: skip
FULL = Kept(
    (FINDING,), (Skip("a", SkipKind.LIMIT, "r", "secrets", 3),),
    (Waiver("by", "reason", "2031-01-01", "a:1", "r", line=2),),
    (Component("npm", "a", "1", "p", parents=("b@1",), direct=True),), 17,
)  # fmt: skip


def _file(path: str = "a.py", stamp: str = "s1", **more: object) -> File:
    return File(path, 5, lambda: b"12345", stamp, **more)  # type: ignore[arg-type]


def test_findings_of_one_file_come_back_with_what_the_ledger_keeps_of_them() -> None:
    elsewhere = replace(FINDING, location=replace(FINDING.location, path="elsewhere.py"))
    both = codec.decode(codec.encode(Kept((FINDING, elsewhere))))
    assert (both.findings, both.bodies) == ((FINDING, elsewhere), b"")
    bare = codec.pack(codec.bare_to_list([(FINDING, (FINDING.location,))] * 2))
    assert codec.decode(codec.encode(Kept((FINDING, FINDING)))).bodies == bare


def test_everything_that_is_kept_comes_back_equal() -> None:
    assert codec.decode(codec.encode(FULL)) == FULL
    assert codec.decode(codec.encode(Kept(loaded=12))) == Kept(loaded=12)


@settings(max_examples=100)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(st.integers(-9, 9) | st.text(max_size=4), lambda inner: st.lists(inner, max_size=5)).map(
            codec.pack
        ),
    )
)
def test_what_was_not_written_by_us_is_a_value_error(payload: bytes) -> None:
    with contextlib.suppress(ValueError):
        codec.decode(payload)


def test_an_unchanged_file_is_not_judged_again(tmp_path: Path) -> None:
    with Cache.open(tmp_path / "c.db") as cache:
        session = cache.session("rules", "/root")
        assert session.get(_file()) is None
        session.put(_file(), Kept((FINDING,), loaded=5))
        session.save()
    with Cache.open(tmp_path / "c.db") as cache:
        assert cache.session("rules", "/root").get(_file()) == Kept((FINDING,), loaded=5)
        assert cache.session("rules", "/root").get(_file(stamp="s2")) is None
        assert cache.session("other rules", "/root").get(_file()) is None
        assert cache.session("rules", "/other").get(_file()) is None


def test_which_scanners_want_a_file_is_kept_beside_the_answers(tmp_path: Path) -> None:
    with Cache.open(tmp_path / "c.db") as cache:
        session = cache.session("rules", "/root")
        assert not session.proven and session.wanted == {}
        session.put(_file(), Kept((FINDING,), loaded=5))
        session.wanted |= {"a.py": (5, ("secrets",)), "ü": (7, ()), "\udcff": (1, ("secrets", "workflows"))}
        session.save()
    with Cache.open(tmp_path / "c.db") as cache:
        again = cache.session("rules", "/root")
        assert again.proven and again.wanted == {"a.py": (5, ("secrets",)), "ü": (7, ())}
        assert cache.session("other", "/root").wanted == {}


def test_a_damaged_list_of_what_is_wanted_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    for payload in (b"", b"[]", b'[[["a"]],{"p":[1,9]}]', b"\xff"):
        with Cache.open(path) as cache:
            cache.put_wanted("k", {"a": (1, ("x",))})
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE wanted SET payload = ?", (payload,))
        with Cache.open(path) as cache:
            assert cache.wanted("k") == {} and cache.trouble


def test_files_without_a_stamp_and_parts_of_files_are_never_kept(tmp_path: Path) -> None:
    session = Cache.open(tmp_path / "c.db").session("k", "r")
    for file in (_file(stamp=""), _file(changed_lines=frozenset({1})), _file(commit="c")):
        session.put(file, Kept())
        session.save()
        assert Cache.open(tmp_path / "c.db").session("k", "r").get(file) is None


def test_a_file_that_could_not_be_read_is_tried_again(tmp_path: Path) -> None:
    session = Cache.open(tmp_path / "c.db").session("k", "r")
    session.put(_file(), Kept(skips=(Skip("a.py", SkipKind.UNREADABLE, "permission"),)))
    session.save()
    assert Cache.open(tmp_path / "c.db").session("k", "r").get(_file()) is None


def test_a_damaged_cache_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    path.write_bytes(b"garbage " * 1000)
    with Cache.open(path) as cache:
        assert cache.trouble
        cache.put_many("k", [("a", "s", b"0")])
        assert cache.get_all("k") == {"a": ("s", b"0")}


def test_damage_in_the_middle_of_a_cache_never_raises(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with Cache.open(path) as cache:
        cache.put_many("k", [(f"path-{number}", "s", b"0" * 50) for number in range(2000)])
    content = bytearray(path.read_bytes())
    content[8192:40000] = b"\xff" * (40000 - 8192)
    path.write_bytes(bytes(content))
    with Cache.open(path) as cache:
        assert isinstance(cache.get_all("k"), dict)
        cache.put_many("k", [("a", "s", b"0")])
    with Cache.open(path) as cache:
        assert cache.get_all("k").get("a", ("s", b"0")) == ("s", b"0")


def test_a_place_that_cannot_be_written_leaves_the_cache_empty(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Cache.open(tmp_path / "file" / "c.db") as cache:
        cache.put_many("k", [("a", "s", b"0")])
        assert cache.get_all("k") == {}
        assert cache.seen_blobs("k") == set()
        assert cache.trouble


def test_seen_blobs_of_two_processes_add_up(tmp_path: Path) -> None:
    ids = [number.to_bytes(20, "big") for number in range(100)]
    with Cache.open(tmp_path / "c.db") as left, Cache.open(tmp_path / "c.db") as right:
        left.add_seen_blobs("k", ids[:60])
        right.add_seen_blobs("k", ids[40:])
        assert left.seen_blobs("k") == set(ids)
        assert left.seen_blobs("other") == set()
        with pytest.raises(ValueError, match="20 or 32"):
            left.add_seen_blobs("k", [b"short"])


def test_only_the_latest_keys_are_kept(tmp_path: Path) -> None:
    with Cache.open(tmp_path / "c.db") as cache:
        for number in range(20):
            cache.put_many(f"k{number}", [("a", "s", b"0")])
        assert cache.get_all("k0") == {}
        assert cache.get_all("k19") == {"a": ("s", b"0")}


def test_five_thousand_quiet_files_decode_quickly(tmp_path: Path) -> None:
    files = [_file(f"src/package/module_{number}.py") for number in range(5000)]
    with Cache.open(tmp_path / "c.db") as cache:
        session = cache.session("k", "r")
        for file in files:
            session.put(file, Kept(loaded=5))
        session.save()
        best = 9.0
        for _ in range(5):
            start = time.process_time()
            again = cache.session("k", "r")
            assert all(again.get(file) is not None for file in files)
            best = min(best, time.process_time() - start)
    assert best < 0.25, f"{best:.3f} s"  # 0.03 s on a quiet machine; the bound leaves room for a busy one
