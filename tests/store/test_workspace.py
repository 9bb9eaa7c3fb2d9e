"""The workspace: where it lies, and the salt that is made once."""

import os
import stat
from pathlib import Path

import pytest

from lockgate.errors import StoreError
from lockgate.store.workspace import Workspace, prepare, salt_of, workspace_of


@pytest.fixture
def workspace(tmp_path):
    found = workspace_of(tmp_path)
    prepare(found)
    return found


def test_the_salt_is_made_once_and_only_its_owner_can_read_it(workspace):
    salt = salt_of(workspace)
    assert len(salt) == 32
    assert salt_of(workspace) == salt
    assert stat.S_IMODE((workspace.folder / "salt").stat().st_mode) == 0o600


def test_nothing_but_the_salt_is_left_of_making_it(workspace):
    before = {path.name for path in workspace.folder.iterdir()}
    salt_of(workspace)
    assert {path.name for path in workspace.folder.iterdir()} - before == {"salt"}


def test_two_workspaces_have_two_salts(tmp_path):
    salts = set()
    for name in ("a", "b"):
        one = workspace_of(tmp_path / name)
        prepare(one)
        salts.add(salt_of(one))
    assert len(salts) == 2


def test_a_salt_of_the_team_comes_first_and_is_long_enough(workspace, monkeypatch):
    monkeypatch.setenv("LOCKGATE_SALT", "team")
    assert salt_of(workspace).startswith(b"team")
    assert len(salt_of(workspace)) >= 16
    assert not (workspace.folder / "salt").exists()


def test_a_salt_that_was_cut_short_is_refused(workspace):
    (workspace.folder / "salt").write_bytes(b"short")
    with pytest.raises(StoreError, match="cut short"):
        salt_of(workspace)


def test_a_salt_that_is_a_pipe_is_refused_rather_than_waited_for(workspace):
    os.mkfifo(workspace.folder / "salt")
    with pytest.raises(StoreError, match="not a regular file"):
        salt_of(workspace)


def test_without_a_workspace_the_salt_is_new_every_time():
    assert salt_of(None) != salt_of(None)


def test_a_folder_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCKGATE_WORKSPACE", str(tmp_path / "elsewhere"))
    found = workspace_of(tmp_path / "project")
    assert found == Workspace(tmp_path / "elsewhere", str(tmp_path / "elsewhere"))


def test_an_object_store_holds_the_record_and_the_caches_stay_here(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCKGATE_WORKSPACE", "s3://bucket/record")
    found = workspace_of(tmp_path)
    assert found.record == "s3://bucket/record"
    assert found.cache_dir == tmp_path / ".lockgate" / "cache"


def test_the_advisory_store_can_be_named(workspace, monkeypatch):
    assert workspace.advisories == workspace.folder / "advisories.db"
    monkeypatch.setenv("LOCKGATE_ADVISORIES", "somewhere.db")
    assert workspace.advisories == Path("somewhere.db")


def test_the_folder_ignores_itself_and_keeps_what_was_written_there(workspace):
    ignore = workspace.folder / ".gitignore"
    assert ignore.read_text().splitlines()[-1] == "*"
    ignore.write_text("mine\n")
    prepare(workspace)
    assert ignore.read_text() == "mine\n"


def test_a_place_that_cannot_be_written_is_named_with_a_way_out(tmp_path):
    (tmp_path / ".lockgate").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        prepare(workspace_of(tmp_path))
    assert "LOCKGATE_WORKSPACE" in caught.value.hint


def test_a_workspace_that_the_repository_brings_along_is_refused(tmp_path):
    with pytest.raises(StoreError, match="brings its own workspace"):
        prepare(workspace_of(tmp_path), tracked=lambda folder: True)


def test_a_link_is_no_workspace(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / ".lockgate").symlink_to(tmp_path / "target")
    with pytest.raises(StoreError):
        prepare(workspace_of(tmp_path))
