"""The folder for what is made of Lockgate itself: where it lies, and when it is not used."""

import os
import sys
from pathlib import Path

import pytest

from lockgate.engine.machine import machine_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are those of POSIX")


def test_it_is_made_for_the_user_alone(tmp_path):
    found = machine_folder([], {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert found == tmp_path / "cache" / "lockgate"
    assert found.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has another place")
def test_without_a_cache_folder_it_lies_in_the_home(tmp_path):
    assert machine_folder([], {"HOME": str(tmp_path)}) == tmp_path / ".cache" / "lockgate"
    assert machine_folder([], {"HOME": str(tmp_path), "XDG_CACHE_HOME": "here"}) == tmp_path / ".cache" / "lockgate"


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "here"}, {"XDG_CACHE_HOME": "here"}], ids=str)
def test_without_any_place_there_is_none(environ):
    assert machine_folder([], environ) is None


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_one_that_others_may_write_is_not_used(tmp_path, mode):
    folder = tmp_path / "lockgate"
    folder.mkdir()
    folder.chmod(mode)
    assert machine_folder([], {"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_one_that_belongs_to_somebody_else_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "lockgate").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert machine_folder([], {"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_one_that_others_may_put_another_in_place_of_is_not_used(tmp_path):
    tmp_path.chmod(0o777)
    assert machine_folder([], {"XDG_CACHE_HOME": str(tmp_path)}) is None
    tmp_path.chmod(0o1777)
    assert machine_folder([], {"XDG_CACHE_HOME": str(tmp_path)}) is not None


def test_a_link_and_a_file_are_not_used(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "lockgate").symlink_to(tmp_path / "elsewhere")
    assert machine_folder([], {"XDG_CACHE_HOME": str(tmp_path)}) is None
    (tmp_path / "lockgate").unlink()
    (tmp_path / "lockgate").write_text("")
    assert machine_folder([], {"XDG_CACHE_HOME": str(tmp_path)}) is None


@pytest.mark.parametrize("inner", ["", ".cache", "a/b"])
def test_one_in_what_is_checked_is_not_used(tmp_path, inner):
    base = tmp_path / inner
    base.mkdir(parents=True, exist_ok=True)
    assert machine_folder([Path("/nowhere"), tmp_path], {"XDG_CACHE_HOME": str(base)}) is None
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(tmp_path)
    assert machine_folder([link], {"XDG_CACHE_HOME": str(base)}) is None


def test_a_second_new_workspace_compiles_nothing(repository, tmp_path, monkeypatch):
    from lockgate.cli import main

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n"
    repository.write("pod.yaml", pod)
    repository.commit()
    monkeypatch.chdir(repository.folder)
    codes = []
    for name in ("one", "two"):
        monkeypatch.setenv("LOCKGATE_WORKSPACE", str(tmp_path / name))
        codes.append(main(["check", "--quiet", "--family", "policy", "pod.yaml"]))
        monkeypatch.setattr("lockgate.policy.cel.expression._code", lambda *a, **k: pytest.fail("compiled again"))
        monkeypatch.setattr("lockgate.rules._form.rule_from_yaml", lambda *a, **k: pytest.fail("read again"))
    assert codes == [0, 0]
    assert {one.name.partition("-")[0] for one in (tmp_path / "cache" / "lockgate").iterdir()} == {"policies", "rules"}
