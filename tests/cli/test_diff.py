"""`lockgate diff`: the dependency review of a change, against the sample advisories."""

import json
import re

import pytest


@pytest.fixture
def change(repository):
    """A change that adds one flawed package, removes one, raises one into a flaw, and renames nothing."""
    repository.write("requirements.txt", "harbour-forms==1.5.1\nleaves==1.0\nstays==1.0\n")
    repository.commit("before")
    repository.git("tag", "before")
    repository.write("requirements.txt", "harbour-forms==2.0\nfresh==3.0\nstays==1.0\n")
    repository.commit("after")
    return repository


def review(lockgate, folder, store, *arguments):
    done = lockgate("diff", *arguments, "--advisories", str(store), "--format", "json", cwd=folder)
    return done.returncode, json.loads(done.stdout)


def test_added_removed_and_changed_components_are_told(lockgate, change, advisory_store):
    code, document = review(lockgate, change.folder, advisory_store, "before", "HEAD")
    said = {(one["what"], one["name"], one["from"], one["to"]) for one in document["changes"]}
    assert ("added", "fresh", "", "3.0") in said
    assert ("removed", "leaves", "1.0", "") in said
    assert any(name == "harbour-forms" and (old, new) == ("1.5.1", "2.0") for _, name, old, new in said)
    assert not any(one["name"] == "stays" for one in document["changes"])
    assert code == 1
    assert [one["id"] for one in document["vulnerabilities"]["new"]] == ["LG-SAMPLE-2026-0001"]
    assert document["vulnerabilities"]["new"][0]["fixed_in"] == "2.2.0"


def test_the_way_back_heals_and_is_allowed(lockgate, change, advisory_store):
    code, document = review(lockgate, change.folder, advisory_store, "HEAD", "before")
    assert code == 0
    assert document["vulnerabilities"]["new"] == []
    assert [one["id"] for one in document["vulnerabilities"]["gone"]] == ["LG-SAMPLE-2026-0001"]


def test_a_flaw_that_was_there_before_is_not_new(lockgate, change, advisory_store):
    change.write("requirements.txt", "harbour-forms==2.1\nstays==1.0\n")
    code, document = review(lockgate, change.folder, advisory_store, "HEAD")
    assert code == 0, document


def test_without_a_head_the_working_tree_is_reviewed(lockgate, change, advisory_store):
    change.write("requirements.txt", "harbour-forms==2.0\nfresh==3.1\nstays==1.0\n")
    _, document = review(lockgate, change.folder, advisory_store, "HEAD")
    assert [(one["name"], one["to"]) for one in document["changes"]] == [("fresh", "3.1")]


def test_the_json_form_is_the_same_every_time(lockgate, change, advisory_store):
    answers = {
        lockgate(
            "diff", "before", "HEAD", "--advisories", str(advisory_store), "--format", "json", cwd=change.folder,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(answers) == 1
    assert json.loads(answers.pop())["schema"] == "lockgate/diff/1"


def test_without_a_store_the_changes_are_told_and_nothing_is_called_safe(lockgate, change):
    done = lockgate("diff", "before", "HEAD", cwd=change.folder)
    assert done.returncode == 4
    assert "fresh" in done.stdout
    assert "was not checked" in done.stderr


def test_the_markdown_form_lets_no_package_name_draw_a_table_or_a_tag(lockgate, repository, advisory_store):
    repository.write("package-lock.json", _lock({}))
    repository.commit()
    repository.write("package-lock.json", _lock({"a|b<img src=x>`c": "1.0.0", "[x](http://e.example)": "1.0.0"}))
    done = lockgate("diff", "HEAD", "--advisories", str(advisory_store), "--format", "markdown", cwd=repository.folder)
    assert "img" in done.stdout
    assert "<img" not in done.stdout
    assert re.search(r"(?<!\\)\]\(", done.stdout) is None
    rows = [line for line in done.stdout.splitlines() if "img" in line]
    assert [row.replace("\\|", "").count("|") for row in rows] == [6]


def test_text_shows_the_new_vulnerability_and_its_cure(lockgate, change, advisory_store):
    done = lockgate("diff", "before", "HEAD", "--advisories", str(advisory_store), cwd=change.folder)
    assert done.returncode == 1
    assert any(line.startswith("NEW") and "fixed in 2.2.0" in line for line in done.stdout.splitlines())
    assert "1 new vulnerabilities, 0 gone" in done.stdout


def test_a_revision_that_is_not_there_is_named(lockgate, change):
    done = lockgate("diff", "nowhere", cwd=change.folder)
    assert done.returncode == 5
    assert "nowhere" in done.stderr


def test_a_plain_folder_has_nothing_to_compare(lockgate, tmp_path):
    assert lockgate("diff", "HEAD", cwd=tmp_path).returncode == 4


def _lock(packages: dict[str, str]) -> str:
    entries = {f"node_modules/{name}": {"version": version} for name, version in packages.items()}
    return json.dumps({"name": "x", "lockfileVersion": 3, "packages": {"": {"dependencies": packages}, **entries}})
