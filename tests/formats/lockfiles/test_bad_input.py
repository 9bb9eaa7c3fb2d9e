"""Cut, broken, conflicting and hostile files: a Skip, never a wrong "clean", an exception or a long wait."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import lockfiles, yaml_safe
from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml_safe.load_all(file.read_bytes())[0]
]
LOCKS = [case for case in CASES if lockfiles.reader_of(case.values[0]["path"]).lock]
READERS = {
    name: next(c.values[0]["path"] for c in CASES if r.matches(c.values[0]["path"]))
    for name, r in lockfiles.readers().items()
}


def read(case, content):
    beside = {path: text.encode() for path, text in case.get("beside", {}).items()}
    return lockfiles.read(case["path"], content, beside.get)


@pytest.mark.parametrize("case", LOCKS)
def test_a_lock_cut_anywhere_is_a_skip_and_never_an_invention(case):
    content = case["text"].encode()
    whole = read(case, content)
    # go.mod is the one format where half a file, cut after a line outside a block, is a whole file of fewer modules.
    closed = case["path"].endswith("go.mod")
    # The entries of Yarn 1 and of pnpm before version 9 end with optional lines, so a cut between those of the last
    # entry shows nothing; what is lost then is what only that entry requires.
    open_ended = any(mark in case["text"] for mark in ("lockfileVersion: 5", "lockfileVersion: '6", "yarn lockfile v1"))
    known = {(item.name, item.version) for item in whole.components}
    allowed = set(whole.skips)
    for end in range(len(content.rstrip())):
        part = content[:end]
        reading = read(case, part)
        if closed and part.endswith(b"\n") and part.count(b"(") == part.count(b")") and b"module" in part:
            continue
        if open_ended and part.endswith((b"==}\n", b'.tgz"\n', b"  dependencies:\n      y: 2.0.0\n")):
            continue
        lost = known - {(item.name, item.version) for item in reading.components}
        assert set(reading.skips) - allowed or (not lost and reading.components), f"cut at {end}, after {part[-40:]!r}"
        if not closed and part.endswith(b"\n"):
            invented = {(item.name, item.version) for item in reading.components} - known
            assert not invented, f"cut at {end}, after {part[-40:]!r}"


@pytest.mark.parametrize("case", CASES)
def test_a_merge_conflict_is_a_skip(case):
    lines = case["text"].split("\n")
    middle = len(lines) // 2
    text = "\n".join([*lines[:middle], "<<<<<<< HEAD", "=======", ">>>>>>> main", *lines[middle:]])
    reading = read(case, text.encode())
    assert [(skip.kind, skip.line) for skip in reading.skips] == [(SkipKind.MALFORMED, middle + 1)]
    assert reading.components == ()


@pytest.mark.parametrize("path", [READERS[name] for name, reader in lockfiles.readers().items() if reader.lock])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n\n", id="blank"),
        pytest.param(b"\0" * 4096, id="zeros"),
        pytest.param(b"\xff\xfe" * 50, id="not UTF-8"),
        pytest.param(b"{}", id="empty object"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[" * 100_000, id="brackets"),
        pytest.param(b"a = " + b"[" * 5000, id="brackets in TOML"),
        pytest.param(b"a: 1\n", id="mapping"),
    ],
)
def test_what_is_no_such_lock_is_a_skip_within_a_second(path, content):
    begin = time.process_time()
    reading = lockfiles.read(path, content, lambda _: None)
    assert reading.components == () and reading.skips
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("path", ["pom.xml", "a.csproj", "packages.config"])
def test_xml_with_a_document_type_is_refused(path):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><project>&b;</project>'
    [skip] = lockfiles.read(path, bomb, lambda _: None).skips
    assert skip.kind is SkipKind.UNSUPPORTED


def test_properties_of_a_pom_that_name_each_other_end():
    properties = "".join(f"<p{n}>${{p{n + 1}}}${{p{n + 1}}}</p{n}>" for n in range(60))
    text = (
        f"<project><properties>{properties}<q>${{q}}</q></properties><dependencies><dependency><groupId>g</groupId>"
        "<artifactId>a</artifactId><version>${p0}</version></dependency><dependency><groupId>g</groupId>"
        "<artifactId>b</artifactId><version>${q}</version></dependency></dependencies></project>"
    )
    reading = lockfiles.read("pom.xml", text.encode(), lambda _: None)
    assert [item.version for item in reading.components] == ["", ""]
    assert len(reading.skips) == 2


def test_an_include_that_leaves_the_tree_is_not_asked_for():
    asked = []
    reading = lockfiles.read("requirements.txt", b"-r ../../etc/passwd\n-r /etc/passwd\n", asked.append)
    assert asked == []
    assert {skip.kind for skip in reading.skips} == {SkipKind.UNRESOLVED}


def test_a_chain_of_twenty_thousand_components_is_linear():
    packages = {"": {"dependencies": {"p0": "1"}}}
    packages |= {f"node_modules/p{n}": {"version": "1.0.0", "dependencies": {f"p{n + 1}": "1"}} for n in range(20_000)}
    packages["node_modules/p20000"] = {"version": "1.0.0"}
    content = json.dumps({"lockfileVersion": 3, "packages": packages}).encode()
    begin = time.process_time()
    reading = lockfiles.read("package-lock.json", content, lambda _: None)
    assert time.process_time() - begin < 5
    assert len(reading.components) == 20_001 and not reading.skips
    assert max(len(item.via) for item in reading.components) <= 40
    assert reading.components[3].via == ("p0@1.0.0", "p1@1.0.0", "p2@1.0.0")


@pytest.mark.parametrize("name", sorted(READERS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_reader_raises_on_any_bytes(name, data):
    samples = [case.values[0]["text"].encode() for case in CASES if case.values[0]["path"] == READERS[name]]
    sample = data.draw(st.sampled_from(samples))
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 30)))
    junk = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"[]", b"{}", b"null", b"1", b'"', b"\n", b"  ", b"@", b"-", b"<"])
    )
    content = data.draw(st.sampled_from([junk, sample[:start] + junk + sample[end:]]))
    try:
        reading = lockfiles.readers()[name].read(READERS[name], content, lambda path: sample if len(path) % 2 else None)
    except FormatError:
        return
    assert len(reading.skips) <= 1000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_requirements_as_a_windows_shell_writes_them_are_read(encoding):
    content = "flask==1.0\r\njinja2==2.0\r\n".encode(encoding)
    reading = lockfiles.read("requirements.txt", content, lambda _: None)
    assert [(one.name, one.version) for one in reading.components] == [("flask", "1.0"), ("jinja2", "2.0")]
    assert not reading.skips


def test_half_a_character_of_utf_16_is_a_skip():
    reading = lockfiles.read("requirements.txt", "flask==1.0\n".encode("utf-16") + b"\x00", lambda _: None)
    assert [skip.kind for skip in reading.skips] == [SkipKind.MALFORMED]
