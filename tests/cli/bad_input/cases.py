"""Hostile and broken input through the real command line: what the tests of this folder share.

A check must end in a Skip or a clear error, never in a crash, a hang or a "clean". Each runs in a process of its own,
whose CPU time and largest resident memory are measured.
"""

import json
import os
import random
import sys
from dataclasses import dataclass
from typing import Any

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


def advisory(package: str) -> dict[str, Any]:
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]
    return {
        "id": "OSV-2026-1",
        "modified": "2026-01-01T00:00:00Z",
        "summary": "bad",
        "affected": [{"package": {"ecosystem": "npm", "name": package}, "ranges": ranges}],
    }


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
