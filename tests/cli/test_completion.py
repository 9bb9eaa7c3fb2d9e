"""`lockgate completion` as a shell runs it."""

import shutil
import subprocess

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(lockgate, tmp_path, shell):
    done = lockgate("completion", shell, cwd=tmp_path)
    assert done.returncode == 0
    assert "lockgate" in done.stdout


def test_an_unknown_shell_is_a_wrong_call(lockgate, tmp_path):
    assert lockgate("completion", "tcl", cwd=tmp_path).returncode == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["lockgate", "che"], "check"),
        (["lockgate", "check", "--sta"], "--staged"),
        (["lockgate", "init", "az"], "azure"),
    ],
)
def test_bash_completes(lockgate, tmp_path, typed, offered):
    script = lockgate("completion", "bash", cwd=tmp_path).stdout
    asked = (
        f'{script}\nCOMP_WORDS=({" ".join(typed)}); COMP_CWORD={len(typed) - 1}; _lockgate; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert offered in done.stdout.split()
