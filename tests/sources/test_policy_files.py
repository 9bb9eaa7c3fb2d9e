"""Folders of policies: everything is found or told, and a change shows."""

import json

import pytest

from lockgate.errors import SourceError
from lockgate.sources import policy_files

ONE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}


def names(read):
    return [body["metadata"]["name"] for _, body in read.manifests]


def test_documents_lists_and_json_are_read_and_other_files_are_not(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\njust: data\n---\n")
    (tmp_path / "inner/b.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [ONE, 7]}))
    (tmp_path / "notes.md").write_text("kind: A")
    (tmp_path / ".hidden.yaml").write_text("apiVersion: v1\nkind: A\nmetadata: {name: hidden}\n")
    read = policy_files.read([tmp_path])
    assert (names(read), read.problems) == (["a", "one"], ())
    assert read.manifests[0][0] == str(tmp_path / "a.yaml")


def test_what_cannot_be_read_is_told_with_its_line(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1\nb: [\n")
    (tmp_path / "b.json").write_text("{")
    problems = [str(one) for one in policy_files.read([tmp_path]).problems]
    assert len(problems) == 2 and "a.yaml:" in problems[0] and "b.json" in problems[1]


def test_a_file_that_is_too_large_is_a_problem(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"#" * (policy_files.MAX_BYTES + 1))
    assert len(policy_files.read([tmp_path]).problems) == 1


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="no such file or folder"):
        policy_files.read([tmp_path / "absent"])


def test_the_stamp_changes_with_content_and_with_the_link_of_a_mounted_configmap(tmp_path):
    for version in ("..1", "..2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "a.yaml").write_text(json.dumps(ONE))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    first = policy_files.stamp([tmp_path])
    assert len(first) == 1 and policy_files.stamp([tmp_path]) == first
    (tmp_path / "new").symlink_to("..2")
    (tmp_path / "new").replace(tmp_path / "..data")
    assert policy_files.stamp([tmp_path]) != first
    (tmp_path / "b.yaml").write_text("")
    assert len(policy_files.stamp([tmp_path])) == 2
