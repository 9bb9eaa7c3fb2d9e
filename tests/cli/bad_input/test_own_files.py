"""Lockgate's own files, broken or fought over."""

import json
import subprocess
import time

import pytest
from tests.cli.bad_input.cases import (
    ALLOWED,
    CONFIGURATION,
    DENIED,
    RUBBISH,
    UNAVAILABLE,
    WALL_SECONDS,
    command,
    surroundings,
)


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 100,
        b"version: 1\nfamilies: [",
        b"a: " * 100_000,
        b"{" * 100_000,
        b"\xff\xfe\xfd",
        b"# x\n" * (5 << 18),
        RUBBISH["alias bomb"],
        RUBBISH["object tag"],
        b"!!python/name:os.system ''\n",
        b"- 1\n",
    ],
)
@pytest.mark.parametrize("name", ["lockgate.yaml", "lockgate-waivers.yaml"])
def test_a_broken_settings_or_waiver_file_is_an_error_with_its_name(check, repository, name, content):
    repository.write("app.py", "x = 1\n")
    repository.write(name, content)
    done = check(repository.folder)
    assert done.code == CONFIGURATION or set(content) == set(b"# x\n")
    assert done.code != CONFIGURATION or name in done.err


def test_a_code_owners_file_of_five_megabytes_is_refused_or_read(check, repository, token):
    repository.write("app.py", f'TOKEN = "{token}"\n')
    repository.write("CODEOWNERS", b"/a/**/*x*y*z/** @a\n" * 260_000)
    assert check(repository.folder).code in (DENIED, CONFIGURATION)
    repository.write("CODEOWNERS", b"*a" * 2000 + b"b @a\n" + b"\0\xff[!\n" * 1000)
    assert check(repository.folder).code in (DENIED, CONFIGURATION)


def test_a_workspace_that_cannot_be_written_or_read_is_an_error_with_a_way_out(check, repository):
    repository.write("app.py", "x = 1\n")
    repository.write(".lockgate", "a file in its place")
    done = check(repository.folder)
    assert done.code == UNAVAILABLE and "hint:" in done.err
    assert check(repository.folder, "--no-store").code == ALLOWED


@pytest.mark.parametrize("part", ["ledger.db", "salt", "cache/scans.db", "Runs/_delta_log/00000000000000000000.json"])
def test_a_damaged_workspace_is_an_error_or_made_anew(check, repository, part):
    repository.write("app.py", "x = 1\n")
    assert check(repository.folder).code == ALLOWED
    target = repository.folder / ".lockgate" / part
    found = [target] if target.exists() else sorted((repository.folder / ".lockgate").rglob("0*0.json"))
    assert found
    for path in found:
        path.write_bytes(b"rubbish")
    assert check(repository.folder).code in (ALLOWED, UNAVAILABLE)


def test_a_full_disk_is_an_error_and_nothing_is_called_stored(check, repository, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        repository.write("app.py", "x = 1\n")
        done = check(repository.folder, LOCKGATE_WORKSPACE=str(small / "w"))
        assert done.code == UNAVAILABLE
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_two_checks_at_once_both_answer_and_both_are_stored(check, repository, advisories):
    repository.write("app.py", "x = 1\n")
    at_once = [
        subprocess.Popen(
            command("check", "--format", "json"), cwd=repository.folder, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=surroundings(LOCKGATE_ADVISORIES=str(advisories)),
        )
        for _ in range(3)
    ]  # fmt: skip
    ended = [one.communicate(timeout=WALL_SECONDS) for one in at_once]
    assert [one.returncode for one in at_once] == [ALLOWED] * 3, ended
    runs = subprocess.run(
        command("record", "show", "Runs"), cwd=repository.folder, env=surroundings(), capture_output=True, text=True
    ).stdout
    assert all(json.loads(out)["run"]["id"] in runs for out, _ in ended)


def test_a_check_after_one_that_was_killed_reads_the_record(check, repository, advisories):
    for number in range(400):
        repository.write(f"f{number}.py", f"x = {number}\n" * 2000)
    for seconds in (0.3, 0.7, 1.1):
        process = subprocess.Popen(
            command("check"), cwd=repository.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=surroundings(LOCKGATE_ADVISORIES=str(advisories)),
        )  # fmt: skip
        time.sleep(seconds)
        process.kill()
        process.wait()
    done = check(repository.folder)
    assert done.code == ALLOWED and done.document["run"]["files"] == 400
