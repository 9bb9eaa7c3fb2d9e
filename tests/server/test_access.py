"""Who may ask: the file of tokens, what may stand in it, and what happens when it changes."""

import base64
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.server.access import Allowance, People, add, hash_of, people_in, remove


@pytest.fixture
def file(tmp_path):
    return tmp_path / "folder" / "tokens"


def test_a_token_is_told_once_and_its_hash_is_kept_where_only_its_owner_reads(file):
    token = add(file, "ana", words="may=query,functions concurrent=2 seconds=1.5 memory=512MB")
    assert token not in file.read_text() and hash_of(token) in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (ana,) = people_in(file)
    assert ana.rights == {"query", "functions"}
    assert ana.allowance == Allowance(concurrent=2, seconds=1.5, memory="512MB")
    people = People(file)
    assert people.of(f"Bearer {token}") == ana and people.of(f"bearer  {token} ") == ana
    for shown in ("", token, f"Basic {token}", "Bearer ", f"Bearer {token}x", f"Bearer {hash_of(token)}"):
        assert people.of(shown) is None


def test_a_client_without_bearer_tokens_shows_name_and_token_together(file):
    token = add(file, "ana")
    add(file, "rob")
    people = People(file)

    def shown(text, scheme="Basic"):
        return people.of(f"{scheme} {base64.b64encode(text.encode()).decode()}")

    assert shown(f"ana:{token}") == shown(f"ana:{token}", "ApiKey") == people.of(f"Bearer {token}") is not None
    for wrong in (f"rob:{token}", f":{token}", token, "ana:", f"ana:{token}x", f"ana:{hash_of(token)}"):
        assert shown(wrong) is None and shown(wrong, "apikey") is None
    assert people.of("Basic ?") is None and people.of("Basic /w==") is None
    assert people.named("ana") == (hash_of(token), people.of(f"Bearer {token}")) and people.named("eve") is None


def test_changes_count_at_once_and_a_file_that_became_wrong_changes_nothing(file):
    first = add(file, "ana")
    people = People(file)
    second = add(file, "rob")
    assert people.of(f"Bearer {second}") is not None
    whole = file.read_text()
    file.write_text(whole + "eve nothing\n")
    os.utime(file, ns=(1, 1))
    assert people.of(f"Bearer {first}") is not None
    file.write_text(whole)
    assert remove(file, "ana") and not remove(file, "ana")
    assert people.of(f"Bearer {first}") is None and people.of(f"Bearer {second}") is not None
    file.unlink()
    assert people.of(f"Bearer {second}") is None


@pytest.mark.parametrize("line", [
    "ana", "ana sha256:12", f"a/b {hash_of('x')}", f"ana {hash_of('x')} may=everything", f"ana {hash_of('x')} rows=0",
    f"ana {hash_of('x')} rows=many", f"ana {hash_of('x')} memory=1TB", f"ana {hash_of('x')} colour=red",
    f"ana {hash_of('x')}\nana {hash_of('y')}", f"ana {hash_of('x')} seconds=nan", f"ana {hash_of('x')} seconds=inf",
])  # fmt: skip
def test_a_wrong_line_is_told_with_its_place(file, line):
    file.parent.mkdir()
    file.write_text(f"# people\n\n{line}\n")
    with pytest.raises(ConfigurationError) as told:
        People(file)
    assert f"{file}:{3 + line.count(chr(10))}" in str(told.value)


def test_a_name_stands_once(file):
    add(file, "ana")
    with pytest.raises(ConfigurationError, match="has a token already"):
        add(file, "ana")
    with pytest.raises(ConfigurationError):
        add(file, "eve", words="rows=no")
    assert [one.name for one in people_in(file)] == ["ana"]


@given(st.text())
def test_no_header_is_an_error(tmp_path_factory, text):
    people = People(tmp_path_factory.getbasetemp() / "nobody")
    assert people.of(text) is None and people.of(f"Bearer {text}") is None
