"""Single files, huge, cut or made to stall."""

import os

import pytest
from tests.cli.bad_input.cases import CARGO, MEMORY, lock_of


def test_a_lock_cut_in_half_is_a_skip_at_whatever_place_it_is_cut(check, repository):
    whole = lock_of(50)
    for part in range(1, 20):
        repository.write(f"p{part}/package-lock.json", whole[: len(whole) * part // 20])
        repository.write(f"c{part}/Cargo.lock", CARGO[: len(CARGO) * part // 20])
    done = check(repository.folder)
    missing = [
        f"p{part}/package-lock.json" for part in range(1, 20) if f"p{part}/package-lock.json" not in done.skipped
    ]
    assert missing == []


@pytest.mark.slow
def test_files_of_gigabytes_are_skips_and_cost_nothing(check, repository):
    for name in ("package-lock.json", "app.py", "Dockerfile", "azure-pipelines.yml", ".npmrc", "pom.xml"):
        path = repository.write(name, b"")
        os.truncate(path, 1 << 30)
    done = check(repository.folder)
    assert set(done.skipped) == {
        "package-lock.json",
        "app.py",
        "Dockerfile",
        "azure-pipelines.yml",
        ".npmrc",
        "pom.xml",
    }
    assert all(one["kind"] == "too-large" for skips in done.skipped.values() for one in skips)
    assert done.memory < MEMORY // 2


@pytest.mark.slow
def test_a_single_line_of_fifty_megabytes_is_a_skip_and_one_of_nine_is_read(check, repository, token):
    repository.write("long.js", b"x=1;" * (50 << 18))
    repository.write("read.js", b"x=1;" * (9 << 18) + f"k='{token}'".encode())
    done = check(repository.folder)
    assert list(done.skipped) == ["long.js"]
    assert [one["location"]["path"] for one in done.document["findings"]] == ["read.js"]


@pytest.mark.slow
def test_a_lock_of_a_hundred_thousand_packages_is_read_or_skipped(check, repository):
    repository.write("package-lock.json", lock_of(70_000))
    done = check(repository.folder, "--family", "dependencies")
    assert "package-lock.json" in done.skipped or len(done.document["components"]) == 70_000


HOSTILE_TEXT = {
    "a.txt": b"a" * 9_000_000,
    "b.py": b"password=" * 1_000_000,
    "c.py": b"password = '" * 100_000,
    "d.env": b"KEY=" + b"A1b2" * 2_000_000,
    "e.yaml": b"secret: " * 500_000,
    "f.txt": b"https://a:b@" * 500_000,
    "g.txt": b"-----BEGIN RSA PRIVATE KEY-----\n" * 200_000,
    "h.txt": b"eyJ" * 2_000_000,
    "i.txt": b"postgres://u:" * 400_000,
    "j.json": b'{"password":"' * 400_000,
    "k.sh": b"export API_TOKEN=" * 300_000,
    "l.txt": b"\n" * 5_000_000,
    "m.txt": b"AKIA" * 1_000_000,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("names", ["abd", "c", "efgh", "ijklm"])
def test_text_made_to_stall_a_matcher_is_read_in_time(check, repository, names):
    for name, content in HOSTILE_TEXT.items():
        if name[0] in names:
            repository.write(name, content)
    check(repository.folder, "--family", "secrets")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_secret_in_a_wide_text_is_found(check, repository, token, encoding):
    repository.write("setup.reg", f'Windows Registry\r\n"key"="{token}"\r\n'.encode(encoding))
    repository.write("nul.cfg", b"[x]\nname = y\0\n" + f'key = "{token}"\n'.encode() + b"text = text\n" * 10)
    done = check(repository.folder, "--family", "secrets")
    places = {place["path"] for one in done.document["findings"] for place in one["locations"]}
    assert places == {"setup.reg", "nul.cfg"}
