"""Hostile and broken input through the real command line: a Skip or a clear error, never a crash, a hang or a "clean".

Each check runs in a process of its own, whose CPU time and largest resident memory are measured.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockgate.formats import lockfiles

ALLOWED, DENIED, USAGE, CONFIGURATION, NOTHING, UNAVAILABLE, INTERNAL = 0, 1, 2, 3, 4, 5, 70
CPU_SECONDS = 20
MEMORY = 512 * 1024 * 1024
WALL_SECONDS = 55

LAUNCHER = """
import json, os, sys
report, *command = sys.argv[1:]
child = os.posix_spawn(command[0], command, os.environ)
_, status, used = os.wait4(child, 0)
with open(report, "w") as stream:
    json.dump([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024], stream)
"""
"""Between pytest and the check: Linux counts the memory of whoever starts a program as that program's own."""

LOCKS = {
    "Cargo.lock", "Gemfile.lock", "Package.resolved", "Pipfile.lock", "bun.lock", "composer.lock", "conan.lock",
    "gradle.lockfile", "mix.lock", "package-lock.json", "packages.lock.json", "pdm.lock", "pnpm-lock.yaml",
    "poetry.lock", "pubspec.lock", "pylock.toml", "uv.lock", "yarn.lock",
}  # fmt: skip
MANIFESTS = {
    "Cargo.toml", "app.csproj", "composer.json", "go.mod", "go.sum", "gradle/libs.versions.toml", "package.json",
    "pom.xml", "pyproject.toml", "requirements.txt",
}  # fmt: skip
CONFIGS = {
    ".github/workflows/ci.yml", ".github/dependabot.yml", "action.yml", "azure-pipelines.yml", "Dockerfile",
    "Containerfile",
}  # fmt: skip
CREDENTIALS = {
    ".npmrc", ".pypirc", ".netrc", ".pgpass", ".my.cnf", ".htpasswd", "etc/shadow", ".docker/config.json",
    ".kube/config", ".aws/credentials", "terraform.tfstate", "keys/app.jks", "keys/app.p12", "keys/app.pem",
    "FileZilla.xml", "sftp.json", "secret.yaml", ".env", "application.properties", "web.config", ".git-credentials",
    "wp-config.php", "dump.sql", "logins.json", "prod.tfvars", "id_rsa",
}  # fmt: skip
ALSO_NAMED = {
    ".package-lock.json", "buildscript-gradle.lockfile", "bun.lockb", "gems.locked", "go.mod", "npm-shrinkwrap.json",
}  # fmt: skip
CARGO = b"version = 3\n\n" + b"".join(b'[[package]]\nname = "p%d"\nversion = "1.0.%d"\n\n' % (n, n) for n in range(50))
NAMES = LOCKS | MANIFESTS | CONFIGS | CREDENTIALS


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str
    cpu: float
    memory: int

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def skipped(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for skip in self.document["skips"]:
            found.setdefault(skip["path"], []).append(skip)
        return found


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "lockgate", *arguments]


def surroundings(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


@pytest.fixture(scope="session")
def advisories(tmp_path_factory) -> Path:
    """A compiled store of one advisory."""
    folder = tmp_path_factory.mktemp("advisories")
    source = folder / "osv"
    source.mkdir()
    (source / "one.json").write_text(json.dumps(advisory("harbour-left-pad")))
    store = folder / "advisories.db"
    done = subprocess.run(
        command("advisories", "update", str(source), "--store", str(store)),
        cwd=folder, env=surroundings(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ALLOWED, done.stderr
    return store


def advisory(package: str) -> dict[str, Any]:
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]
    return {
        "id": "OSV-2026-1",
        "modified": "2026-01-01T00:00:00Z",
        "summary": "bad",
        "affected": [{"package": {"ecosystem": "npm", "name": package}, "ranges": ranges}],
    }


@pytest.fixture
def run(tmp_path, advisories) -> Callable[..., Outcome]:
    """Run one command, measured; whatever it is given, it must end cleanly within its bounds."""

    def call(*arguments: str, cwd: Path, **env: str) -> Outcome:
        report = tmp_path / "usage.json"
        launched = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, str(report), *command(*arguments)],
            cwd=cwd, env=surroundings(**{"LOCKGATE_ADVISORIES": str(advisories), **env}), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            out, err = launched.communicate(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(launched.pid, signal.SIGKILL)
            launched.communicate()
            pytest.fail(f"hung: {' '.join(arguments)}")
        code, cpu, memory = json.loads(report.read_text())
        outcome = Outcome(code, out.decode(), err.decode(), cpu, memory)
        said = f"{code=} {cpu=:.1f} memory={memory >> 20} MB {outcome.err[-2000:]}"
        assert code in (ALLOWED, DENIED, USAGE, CONFIGURATION, NOTHING, UNAVAILABLE), said
        assert "Traceback" not in outcome.out + outcome.err, said
        assert cpu <= CPU_SECONDS, said
        assert memory <= MEMORY, said
        if code in (USAGE, CONFIGURATION, UNAVAILABLE):
            assert outcome.err.startswith("lockgate: "), said
        return outcome

    return call


@pytest.fixture
def check(run) -> Callable[..., Outcome]:
    """``lockgate check --format json``."""
    return lambda folder, *arguments, **env: run("check", "--format", "json", *arguments, cwd=folder, **env)


def fill(repository, content: bytes, names=NAMES) -> None:
    for name in names:
        repository.write(name, content)


def lock_of(packages: int) -> bytes:
    entries = {
        f"node_modules/p{n}": {"version": f"1.{n}.0", "integrity": "sha512-" + "A" * 88}
        for n in range(packages)
    }  # fmt: skip
    return json.dumps(
        {"name": "x", "lockfileVersion": 3, "packages": {"": {"name": "x"}, **entries}}, indent=1
    ).encode()


# Whole repositories of one kind of rubbish under every name that some reader wants


def test_an_empty_lock_file_is_a_skip_and_no_other_empty_file_is_trouble(check, repository):
    fill(repository, b"")
    done = check(repository.folder)
    assert set(done.skipped) >= LOCKS
    assert done.document["findings"] == []


RUBBISH = {
    "NULs": b"\0" * 50_000,
    "random": random.Random(7).randbytes(50_000),
    "latin": "é".encode("latin-1") * 20_000,
    "UTF-16 without content": "\ufeff".encode("utf-16") + b"\xd8\x00" * 1000,
    "one brace": b"{",
    "deep JSON": b'{"a":' * 100_000,
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep flow YAML": b"a: " + b"{a: " * 100_000,
    "deep block YAML": b"".join(b" " * n + b"- a:\n" for n in range(1200)),
    "deep dashes": b"- " * 100_000,
    "alias bomb": b"a0: &a0 [x, x]\n" + b"".join(
        b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)
    ),
    "object tag": b"a: !!python/object/apply:os.system ['touch OWNED']\n",
    "deep XML": b"<a>" * 100_000,
    "entity bomb": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "outer entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><project><x>&b;</x></project>',
    "deep TOML": b"a = " + b"[" * 100_000,
    "long TOML key": b"[" + b"a." * 100_000 + b"a]\n",
    "numbers": b'{"lockfileVersion": ' + b"9" * 100_000 + b"}",
    "wrong types": b'{"packages": [1, null, {"a": [{}]}], "lockfileVersion": {}, "dependencies": 3, "default": "x"}',
    "merge conflict": b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n",
    "long assignment": b"password=" * 30_000,
    "continuations": b"RUN a \\\n" * 30_000,
    "quotes": b"'\"" * 60_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_under_every_wanted_name_is_skipped_and_never_called_clean(check, repository, kind):
    fill(repository, RUBBISH[kind])
    done = check(repository.folder)
    assert not (repository.folder / "OWNED").exists()
    assert LOCKS - set(done.skipped) == set()
    assert not [one for one in done.document["components"] if Path(one["path"]).name in LOCKS]


def test_the_lists_above_name_every_lock_that_is_read():
    locks = [reader for reader in lockfiles.readers().values() if reader.lock]
    assert {name for reader in locks for name in getattr(reader.matches, "names", ())} - LOCKS <= ALSO_NAMED


# Single files


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
    "c.py": b"password = '" * 200_000,
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


# Files that are no files


def test_links_pipes_and_sockets_are_skips_and_never_opened(check, repository, tmp_path):
    folder = repository.folder
    repository.write("real.py", "x = 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "package-lock.json").write_bytes(lock_of(1))
    os.symlink("loop", folder / "loop")
    os.symlink("ring-b", folder / "ring-a")
    os.symlink("ring-a", folder / "ring-b")
    os.symlink(tmp_path / "outside" / "package-lock.json", folder / "package-lock.json")
    os.symlink(tmp_path / "outside", folder / "folder-out")
    os.symlink(".", folder / "self")
    os.symlink("/dev/zero", folder / "Dockerfile")
    os.symlink("/dev/zero", folder / "yarn.lock")
    os.mkfifo(folder / "Cargo.lock")
    os.mkfifo(folder / ".npmrc")
    server = socket.socket(socket.AF_UNIX)
    os.chdir(folder)
    server.bind("poetry.lock")
    server.close()
    expected = {"loop", "ring-a", "ring-b", "package-lock.json", "folder-out", "Dockerfile", "yarn.lock"}
    plain = {"Cargo.lock", ".npmrc", "poetry.lock"}
    done = check(folder)
    assert expected <= set(done.skipped)
    shutil.rmtree(folder / ".git")
    done = check(folder)
    assert expected | plain <= set(done.skipped)


def test_a_device_is_never_opened(check, repository):
    try:
        os.mknod(repository.folder / "package-lock.json", 0o020666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("devices cannot be made here")
    shutil.rmtree(repository.folder / ".git")
    repository.write("a.py", "x = 1\n")
    assert "package-lock.json" in check(repository.folder).skipped


def test_unreadable_files_and_folders_are_skips(check, repository):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    repository.write("package-lock.json", lock_of(1)).chmod(0)
    repository.write("inner/yarn.lock", "").parent.chmod(0)
    try:
        done = check(repository.folder)
    finally:
        (repository.folder / "inner").chmod(0o700)
    assert {"package-lock.json", "inner"} <= set(done.skipped)


def test_odd_paths_are_read_and_told_without_harm(check, repository, token):
    names = ["new\nline.py", "\u202egnp.py", "a" * 252 + ".py", "tab\t.py", 'quote".py', "-rf.py", " .py", "\x1b[2J.py"]
    for name in names:
        repository.write(name, f'TOKEN = "{token}"\n')
    (repository.folder / os.fsdecode(b"\xff\xfe.py")).write_text(f'TOKEN = "{token}"\n')
    done = check(repository.folder)
    places = [place for one in done.document["findings"] for place in one["locations"]]
    assert len(places) == len(names) + 1
    for form in ("terminal", "markdown", "html", "csv", "junit", "sarif"):
        assert "\x1b[2J" not in check(repository.folder, "--format", form).out


def test_a_thousand_folders_deep_is_read_or_a_skip(check, repository, token, monkeypatch, request):
    # pytest's own cleaning recurses a frame a folder and would fail, in this run and the next.
    request.addfinalizer(lambda: subprocess.run(["rm", "-rf", str(repository.folder / "d")], check=True))
    monkeypatch.chdir(repository.folder)
    for _ in range(1000):
        os.mkdir("d")
        os.chdir("d")
    Path("app.py").write_text(f'TOKEN = "{token}"\n')
    os.chdir(repository.folder)
    for _ in range(2):
        done = check(repository.folder)
        assert done.document["findings"] or done.skipped
        shutil.rmtree(repository.folder / ".git", ignore_errors=True)


@pytest.mark.slow
def test_twenty_thousand_tiny_files_are_read(check, repository):
    for number in range(20_000):
        folder = repository.folder / f"d{number % 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.py").write_text(f"x = {number}\n")
    done = check(repository.folder)
    assert done.document["run"]["files"] == 20_000


# Repositories


def broken(repository, how: str) -> None:
    """One commit with a secret-free file, then damage."""
    repository.write("app.py", "x = 1\n")
    repository.write("package-lock.json", lock_of(3))
    repository.commit()
    git = repository.folder / ".git"
    loose = [path for path in (git / "objects").glob("??/*") if path.is_file()]
    if how == "objects":
        for path in loose:
            path.chmod(0o600)
            path.write_bytes(b"rubbish")
    elif how == "objects missing":
        shutil.rmtree(git / "objects")
        (git / "objects").mkdir()
    elif how == "index":
        (git / "index").write_bytes(b"DIRC" + b"\0" * 20)
    elif how == "index random":
        (git / "index").write_bytes(random.Random(1).randbytes(500))
    elif how == "HEAD":
        (git / "HEAD").write_bytes(b"\0\xff rubbish")
    elif how == "HEAD nowhere":
        (git / "HEAD").write_text("ref: refs/heads/nowhere\n")
    elif how == "config":
        (git / "config").write_text("[core\nrubbish")
    elif how == "git file":
        shutil.rmtree(git)
        git.write_text("gitdir: /nowhere/at/all\n")
    elif how == "git file empty":
        shutil.rmtree(git)
        git.write_text("")
    elif how == "refs":
        (git / "refs" / "heads" / "main").write_text("0" * 40 + "\n")


DAMAGE = [
    "objects", "objects missing", "index", "index random", "HEAD", "HEAD nowhere", "config", "git file",
    "git file empty", "refs",
]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_repository_is_read_or_refused_with_a_reason(check, repository, how):
    broken(repository, how)
    done = check(repository.folder)
    if done.out:
        locked = [one for one in done.document["components"] if one["path"] == "package-lock.json"]
        assert len(locked) == 3 or done.skipped
    else:
        assert done.code == UNAVAILABLE


@pytest.mark.parametrize("arguments", [("--staged",), ("--since", "HEAD"), ("--history",)])
@pytest.mark.parametrize("how", ["objects", "objects missing", "index", "HEAD"])
def test_what_cannot_be_had_from_git_is_never_called_clean(check, repository, how, arguments):
    broken(repository, how)
    done = check(repository.folder, *arguments)
    assert done.code != ALLOWED or done.skipped or (how == "index" and arguments == ("--history",))


def test_shallow_clones_worktrees_submodules_and_bare_repositories(check, new_repository, token, tmp_path):
    origin = new_repository("origin")
    origin.write("app.py", f'TOKEN = "{token}"\n')
    origin.commit()
    origin.write("app.py", "TOKEN = None\n")
    origin.commit()
    origin.git("clone", "-q", "--depth", "1", f"file://{origin.folder}", str(tmp_path / "shallow"))
    assert "." in check(tmp_path / "shallow", "--history").skipped
    origin.git("worktree", "add", "-q", str(tmp_path / "worktree"), "HEAD~1")
    assert check(tmp_path / "worktree").code == DENIED
    origin.git("clone", "-q", "--bare", str(origin.folder), str(tmp_path / "bare.git"))
    assert check(tmp_path / "bare.git", "--history").code == DENIED
    assert check(tmp_path / "bare.git").code != ALLOWED
    outer = new_repository("outer")
    outer.write("a.py", "x = 1\n")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(origin.folder), "inner")
    outer.commit()
    outer.git("-c", "protocol.file.allow=always", "clone", "-q", str(outer.folder), str(tmp_path / "unfetched"))
    assert check(tmp_path / "unfetched").skipped["inner"][0]["kind"] == "unresolved"


# Lockgate's own files


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


# Other tools' logs, and advisories


def sarif(results: object) -> bytes:
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "P"}}, "results": results}]}).encode()


LOGS = {
    "half": sarif([{"ruleId": "a", "message": {"text": "x"}}] * 20)[:300],
    "empty": b"",
    "random": RUBBISH["random"],
    "deep": RUBBISH["deep lists"],
    "wrong types": sarif([1, None, {"ruleId": {}}, {"message": 3, "locations": [4]}, {"level": [], "locations": {}}]),
    "runs is a number": b'{"version": "2.1.0", "runs": 7}',
    "another version": b'{"version": "1.0.0", "runs": []}',
    "paths out": sarif(
        [
            {
                "ruleId": "a",
                "message": {"text": "x"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": "../../etc/passwd"}}}],
            }
        ]
    ),
    "huge": b'{"version": "2.1.0", "runs": [' + b" " * (100 << 20) + b"]}",
}


@pytest.mark.parametrize("kind", LOGS)
def test_a_broken_log_of_another_tool_is_a_skip_or_an_error(check, repository, tmp_path, kind):
    repository.write("app.py", "x = 1\n")
    (tmp_path / "log.sarif").write_bytes(LOGS[kind])
    done = check(repository.folder, "--import", str(tmp_path / "log.sarif"))
    assert done.code != ALLOWED or done.skipped or done.document["findings"]


@pytest.mark.slow
def test_hostile_advisories_are_left_out_and_a_good_store_stays(run, tmp_path):
    store = tmp_path / "store.db"
    bomb, nested, good, empty = (tmp_path / f"{name}.zip" for name in ("bomb", "nested", "good", "empty"))
    with zipfile.ZipFile(good, "w") as made:
        made.writestr("one.json", json.dumps(advisory("p")))
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(20):
            made.writestr(f"{number}.json", b" " * 30_000_000)
    with zipfile.ZipFile(nested, "w", zipfile.ZIP_DEFLATED) as made:
        for kind, content in RUBBISH.items():
            made.writestr(f"../{kind}.json", content)
            made.writestr(f"{kind}.yaml", content)
            made.writestr(f"RUSTSEC-{kind}.md", b"```toml\n" + content + b"\n```\n# x\n")
        made.write(bomb, "bomb.zip")
    with zipfile.ZipFile(empty, "w"):
        pass
    (tmp_path / "cut.zip").write_bytes(good.read_bytes()[:40])
    (tmp_path / "folder").mkdir()
    assert run("advisories", "update", str(good), "--store", str(store), cwd=tmp_path).code == ALLOWED
    before = store.read_bytes()
    for source in (bomb, nested, empty, tmp_path / "cut.zip", tmp_path / "folder", tmp_path / "nowhere"):
        done = run("advisories", "update", str(source), "--store", str(store), cwd=tmp_path)
        assert done.code in (NOTHING, UNAVAILABLE), source
        assert store.read_bytes() == before
    assert run("advisories", "update", str(good), str(bomb), "--store", str(store), cwd=tmp_path).code == ALLOWED
