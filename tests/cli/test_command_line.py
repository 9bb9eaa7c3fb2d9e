"""The command line: help, errors, exit codes and what starting costs."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from lockgate.cli import _parser, main
from lockgate.cli._completion import script, words
from lockgate.cli._text import safe

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: cart
spec:
  containers:
  - name: cart
    image: nginx:1.27
    securityContext:
      privileged: true
"""

def test_every_command_has_help_with_an_example():
    for name in _parser.command_names():
        command = _parser.load(name)
        assert command.about.endswith("."), name
        assert f"lockgate {name}" in command.examples, name


def test_an_unknown_command_names_the_nearest_and_exits_with_2(capsys):
    assert main(["chek"]) == 2
    assert "did you mean 'check'?" in capsys.readouterr().err


def test_an_unknown_option_exits_with_2(capsys):
    assert main(["rules", "--nope"]) == 2
    assert "--nope" in capsys.readouterr().err


def test_help_imports_nothing_heavy():
    heavy = {
        "yaml", "rich", "duckdb", "deltalake", "sqlalchemy", "hyperscan", "re2", "orjson", "asyncio", "dataclasses",
        "inspect", "typing", "shutil", "pkgutil", "pathlib", "subprocess", "lockgate.model", "lockgate.settings",
    }  # fmt: skip
    code = (
        "import sys\nfrom lockgate.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & {heavy!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_check_that_finds_everything_unchanged_imports_no_engine(repository):
    repository.write("deploy/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: cart}\nspec: {containers: []}\n")
    repository.write("Dockerfile", "FROM scratch\n")
    repository.write("src/main.go", "package main\n")
    repository.commit()
    for path in repository.folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    time.sleep(2.1)  # a file that changed within the last two seconds is judged again
    idle = {
        "yaml", "rich", "duckdb", "sqlalchemy", "hyperscan", "re2", "asyncio", "tree_sitter", "cryptography",
        "kubernetes", "concurrent.futures", "multiprocessing", "shutil", "tempfile", "random", "difflib",
        "importlib.metadata", "urllib.request", "http.client", "ssl", "email", "lockgate.patterns",
        "lockgate.formats.yaml_safe",
        "lockgate.formats.manifests", "lockgate.formats.charts", "lockgate.formats.kustomize._build",
        "lockgate.scanners.secrets._session", "lockgate.scanners.dockerfiles._session", "lockgate.policy.cel",
        "lockgate.policy.catalogue", "lockgate.policy.azure", "lockgate.policy.rego", "lockgate.gates.admission",
        "lockgate.sources.repository.changes", "lockgate.sources.repository.history", "lockgate.rules._form",
        "lockgate.rules._yaml", "lockgate.engine.workers", "deltalake", "arro3", "ast",
    }  # fmt: skip
    code = (
        "import sys\nfrom lockgate.cli import main\n"
        "main(['check', '--quiet', '--family', 'secrets', '--family', 'dockerfiles'])\n"
        f"print(sorted(set(sys.modules) & {idle!r}))"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=repository.folder, capture_output=True, text=True, check=True
        )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_check_of_one_manifest_imports_what_it_needs_alone(tmp_path):
    """No advisory store, no workflow, no large tree: nothing of their engines."""
    (tmp_path / "one.yaml").write_text(POD)
    idle = {
        "duckdb", "sqlalchemy", "rich", "hyperscan", "tree_sitter", "cryptography", "kubernetes", "tomllib", "tempfile",
        "asyncio", "random", "difflib", "concurrent.futures", "urllib.request", "yaml", "lockgate.formats.dockerfile",
        "lockgate.store.advisories", "lockgate.advisories.osv", "lockgate.scanners.workflows._session",
        "lockgate.scanners.workflows.azure", "lockgate.scanners.dependencies._session", "lockgate.policy.azure",
        "lockgate.policy.rego", "lockgate.policy.cel.parser", "lockgate.policy.cel.emit", "lockgate.gates.admission",
        "lockgate.rules._form", "lockgate.rules._yaml", "lockgate.formats.kustomize._build", "lockgate.engine.workers",
        "lockgate.sources.cluster", "lockgate.sources.repository.history", "deltalake", "arro3", "ast",
    }  # fmt: skip
    code = (
        "import sys\nfrom lockgate.cli import main\n"
        "main(['check', '--quiet', 'one.yaml'])\n"
        f"print(sorted(set(sys.modules) & {idle!r}))"
    )
    for _ in range(2):  # the first reads the rules and compiles policies, as no wheel has to
        shutil.rmtree(tmp_path / ".lockgate", ignore_errors=True)
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "policy/privileged-container" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_defect_ends_in_70_without_values(monkeypatch, capsys):
    def broken(arguments):
        raise RuntimeError("hunter2")

    monkeypatch.setattr(_parser, "parse", broken)
    assert main(["rules"]) == 70
    said = capsys.readouterr().err
    assert "a defect of Lockgate: RuntimeError" in said
    assert "hunter2" not in said


def test_an_interrupt_ends_in_130(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_parser, "parse", interrupted)
    assert main(["rules"]) == 130


def test_control_and_bidirectional_characters_never_reach_the_terminal():
    assert safe("a\x1b[31mb\u202ec\x07") == "a\\x1b[31mb\\x202ec\\x07"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell):
    text = script(shell)
    assert all(name in text for name in _parser.command_names())


def test_completion_of_check_knows_its_options():
    assert {"--staged", "--since", "--history", "secrets"} <= set(words()["check"])


@pytest.mark.skipif(sys.platform == "win32", reason="bash is asked")
def test_the_bash_script_is_valid_bash():
    subprocess.run(["bash", "-n"], input=script("bash"), text=True, check=True)
