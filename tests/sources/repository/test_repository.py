"""Reading repositories: what is read, what is skipped, and what a hostile repository cannot do."""

import os
from pathlib import Path

import pytest

from lockgate.errors import SourceError, UsageError
from lockgate.model import File, Skip, SkipKind
from lockgate.sources.repository import Git, TreeSource, repository_and_head, repository_of
from lockgate.sources.repository.changes import ChangesSource, CommitSource, StagedSource
from lockgate.sources.repository.clone import cloned, is_address, shown
from lockgate.sources.repository.history import HistorySource


def everything(path: str, size: int) -> bool:
    return True


def files(source) -> dict[str, bytes]:
    return {row.path: row.load() for row in source.collect(everything) if isinstance(row, File)}


def skips(source) -> list[Skip]:
    return [row for row in source.collect(everything) if isinstance(row, Skip)]


def test_a_plain_folder_is_read_without_git(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_text("hello")
    assert files(TreeSource(tmp_path)) == {"a/b.txt": b"hello"}


@pytest.mark.parametrize("stated", [0, 1, 4, 6, 9])
def test_a_file_that_grows_or_shrinks_before_it_is_read_is_read_whole(tmp_path, stated):
    (tmp_path / "log").write_text("x" * stated)
    (row,) = TreeSource(tmp_path).collect(everything)
    (tmp_path / "log").write_text("hello")
    assert row.load() == b"hello"


@pytest.mark.parametrize("stated", [0, 5])
def test_what_became_a_fifo_is_not_read(tmp_path, stated):
    (tmp_path / "log").write_text("x" * stated)
    (row,) = TreeSource(tmp_path).collect(everything)
    (tmp_path / "log").unlink()
    os.mkfifo(tmp_path / "log")
    with pytest.raises(OSError, match="not a regular file"):
        row.load()


def test_what_git_ignores_is_left_out_unless_asked_for(repository):
    repository.write(".gitignore", "*.log\n")
    repository.write("kept.txt", "1")
    repository.write("noise.log", "2")
    assert set(files(TreeSource(repository.folder))) == {".gitignore", "kept.txt"}
    assert "noise.log" in files(TreeSource(repository.folder, ignored_too=True))


def test_an_ignored_folder_that_is_named_itself_is_read_like_a_plain_one(repository):
    repository.write(".gitignore", "build/\n")
    repository.write("build/out.txt", "1")
    repository.commit()
    assert files(TreeSource(repository.folder / "build")) == {"out.txt": b"1"}


def test_untracked_files_are_read(repository):
    repository.write("tracked", "1")
    repository.commit()
    repository.write("new", "2")
    assert set(files(TreeSource(repository.folder))) == {"tracked", "new"}


def test_what_stands_below_a_folder_is_named_in_the_tree_and_in_the_index(repository):
    for path in ("shop/Chart.yaml", "shop/files/a.bin", "shop2/b"):
        repository.write(path, "1")
    repository.commit()
    repository.write("shop/new", "2")
    staged = StagedSource(Git(repository.folder))
    assert TreeSource(repository.folder).below("shop") == ("shop/Chart.yaml", "shop/files/a.bin", "shop/new")
    assert TreeSource(repository.folder, prefix="x/").below("x/shop2") == ("x/shop2/b",)
    assert staged.below("shop") == ("shop/Chart.yaml", "shop/files/a.bin")
    assert len(TreeSource(repository.folder).below(".")) == 4
    os.symlink(repository.folder.parent, repository.folder / "out")
    for source in (TreeSource(repository.folder), staged):
        assert all(source.below(folder) == () for folder in ("..", "/", "out", "shop/../..", "missing"))


def test_a_deleted_tracked_file_is_no_skip(repository):
    repository.write("gone", "1")
    repository.commit()
    (repository.folder / "gone").unlink()
    assert list(TreeSource(repository.folder).collect(everything)) == []


def test_a_link_out_of_the_tree_is_a_skip_and_never_followed(repository, tmp_path):
    (tmp_path / "outside").write_text("secret")
    os.symlink(tmp_path / "outside", repository.folder / "link")
    assert files(TreeSource(repository.folder)) == {}
    assert [skip.kind for skip in skips(TreeSource(repository.folder))] == [SkipKind.SPECIAL]


def test_a_link_within_the_tree_is_read_once_under_its_own_name(repository):
    repository.write("real", "1")
    os.symlink("real", repository.folder / "alias")
    assert files(TreeSource(repository.folder)) == {"real": b"1"}
    assert skips(TreeSource(repository.folder)) == []


def test_a_fifo_is_a_skip_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (skip,) = skips(TreeSource(tmp_path))
    assert (skip.path, skip.kind) == ("pipe", SkipKind.SPECIAL)


@pytest.mark.parametrize("place", [".gitignore", "a/b/.gitignore", ".git/info/exclude"])
def test_a_fifo_that_git_would_wait_for_is_named(repository, monkeypatch, place):
    monkeypatch.setattr("lockgate.sources.repository.git._PATIENCE", 0.5)
    repository.write("a/b/f", "1")
    (repository.folder / place).unlink(missing_ok=True)
    (repository.folder / place).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(repository.folder / place)
    with pytest.raises(SourceError, match="git waits") as caught:
        files(TreeSource(repository.folder))
    assert caught.value.where == str(repository.folder / place)


def test_a_git_that_takes_longer_than_usual_is_waited_for(repository, monkeypatch):
    monkeypatch.setattr("lockgate.sources.repository.git._PATIENCE", 0.0)
    repository.write("f", "1")
    assert files(TreeSource(repository.folder)) == {"f": b"1"}


def test_a_file_that_turns_into_a_fifo_after_listing_is_refused(tmp_path):
    (tmp_path / "f").write_text("x")
    (row,) = TreeSource(tmp_path).collect(everything)
    (tmp_path / "f").unlink()
    os.mkfifo(tmp_path / "f")
    with pytest.raises(OSError, match="not a regular file"):
        row.load()


def test_a_file_over_the_limit_is_a_skip(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 100)
    (skip,) = skips(TreeSource(tmp_path, max_bytes=99))
    assert skip.kind is SkipKind.TOO_LARGE


def test_a_file_nobody_wants_is_not_even_a_skip(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 100)
    assert list(TreeSource(tmp_path, max_bytes=1).collect(lambda path, size: False)) == []


def test_a_submodule_is_read_and_one_that_was_not_fetched_is_a_skip(new_repository):
    inner, outer = new_repository("inner"), new_repository("outer")
    inner.write("inside.txt", "1")
    inner.commit()
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "sub")
    outer.commit()
    assert "sub/inside.txt" in files(TreeSource(outer.folder))
    clone = outer.folder.parent / "clone"
    outer.git("clone", "-q", str(outer.folder), str(clone))
    assert [(skip.path, skip.kind) for skip in skips(TreeSource(clone))] == [("sub", SkipKind.UNRESOLVED)]


def test_a_change_of_a_submodule_is_its_files_on_both_sides(new_repository):
    inner, outer = new_repository("inner"), new_repository("outer")
    inner.write("inside.txt", "1")
    inner.commit()
    outer.write("a", "1")
    outer.commit()
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "sub")
    git = Git(outer.folder)
    assert files(StagedSource(git))["sub/inside.txt"] == b"1"
    outer.commit()
    (outer.folder / "sub" / "new.txt").write_text("2")
    outer.git("-C", "sub", "-c", "user.name=a", "-c", "user.email=a@b", "add", ".")
    outer.git("-C", "sub", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "new")
    source = ChangesSource(git, "HEAD")
    assert files(source) == {"sub/inside.txt": b"1", "sub/new.txt": b"2"}
    assert files(source.before()) == {"sub/inside.txt": b"1"}
    outer.commit()
    assert files(ChangesSource(git, "HEAD~1", head="HEAD")) == {"sub/inside.txt": b"1", "sub/new.txt": b"2"}


def test_a_submodule_that_is_not_here_is_a_skip_in_changes_and_every_one_is_in_the_history(new_repository):
    inner, outer = new_repository("inner"), new_repository("outer")
    inner.write("inside.txt", "1")
    inner.commit()
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "sub")
    outer.commit()
    (skip,) = skips(HistorySource(Git(outer.folder)))
    assert (skip.path, skip.kind) == ("sub", SkipKind.UNRESOLVED)
    clone = outer.folder.parent / "clone"
    outer.git("clone", "-q", str(outer.folder), str(clone))
    (skip,) = skips(CommitSource(Git(clone), "HEAD"))
    assert (skip.path, skip.kind) == ("sub", SkipKind.UNRESOLVED)
    os.rmdir(clone / "sub")
    os.symlink(inner.folder, clone / "sub")
    assert [skip.path for skip in skips(CommitSource(Git(clone), "HEAD"))] == ["sub"]


def test_a_name_that_is_not_utf8_is_read_and_shown_safely(repository):
    name = os.fsdecode(b"caf\xe9.txt")
    (repository.folder / name).write_text("1")
    assert list(files(TreeSource(repository.folder)).values()) == [b"1"]


def test_a_recent_file_has_no_stamp_because_it_may_change_within_one_tick(tmp_path):
    (tmp_path / "fresh").write_text("1")
    (tmp_path / "old").write_text("1")
    os.utime(tmp_path / "old", (1, 1))
    stamps = {row.path: row.stamp for row in TreeSource(tmp_path).collect(everything)}
    assert stamps["fresh"] == ""
    assert stamps["old"]


def test_a_sibling_outside_the_tree_is_refused(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "tree" / "ok").write_text("y")
    os.symlink(tmp_path / "secret", tmp_path / "tree" / "link")
    source = TreeSource(tmp_path / "tree")
    assert source.sibling("ok") == b"y"
    assert [source.sibling(path) for path in ("../secret", "/etc/passwd", "link", "none")] == [None] * 4


def test_a_hostile_configuration_starts_no_program(repository):
    marker = repository.folder.parent / "ran"
    program = repository.write("evil.sh", f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    repository.write(".gitattributes", "* diff=evil filter=evil\n")
    repository.write("a", "1")
    repository.commit()
    for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "core.pager"):
        repository.git("config", key, str(program))
    repository.write("a", "2")
    git = Git(repository.folder)
    files(TreeSource(repository.folder))
    files(ChangesSource(git, "HEAD"))
    files(StagedSource(git))
    files(HistorySource(git))
    ChangesSource(git, "HEAD").renames()
    assert not marker.exists()


def test_the_index_is_read_not_the_working_tree(repository):
    repository.write("a", "old")
    repository.commit()
    repository.write("a", "staged")
    repository.git("add", "a")
    repository.write("a", "not staged")
    source = StagedSource(Git(repository.folder))
    assert files(source) == {"a": b"staged"}
    assert files(source.before()) == {"a": b"old"}


def test_the_first_commit_has_an_empty_old_side(repository):
    repository.write("a", "1")
    repository.git("add", "a")
    source = StagedSource(Git(repository.folder))
    assert files(source) == {"a": b"1"}
    assert files(source.before()) == {}


def test_a_change_is_the_working_tree_against_the_merge_base(repository):
    repository.write("same", "1")
    repository.write("moved", "some lines\nthat stay\nas they are\n")
    repository.commit()
    repository.git("checkout", "-q", "-b", "topic")
    repository.git("mv", "moved", "there")
    repository.commit()
    repository.write("untracked", "2")
    source = ChangesSource(Git(repository.folder), "main")
    assert set(files(source)) == {"there", "untracked"}
    assert set(files(source.before())) == {"moved"}
    assert source.renames() == {"there": "moved"}


def test_an_unchanged_tree_gives_no_file(repository):
    repository.write("a", "1")
    repository.commit()
    assert files(ChangesSource(Git(repository.folder), "HEAD")) == {}


def test_an_unknown_revision_is_a_clear_error(repository):
    repository.write("a", "1")
    repository.commit()
    with pytest.raises(SourceError, match="no commit 'nowhere'"):
        files(ChangesSource(Git(repository.folder), "nowhere"))


def test_a_revision_that_looks_like_an_option_is_refused(repository):
    repository.commit()
    with pytest.raises(SourceError, match="not a revision"):
        files(ChangesSource(Git(repository.folder), "--upload-pack=evil"))


def test_history_reads_every_blob_once_with_all_its_paths(repository):
    repository.write("a", "first")
    first = repository.commit()
    repository.write("a", "second")
    repository.write("b", "first")
    repository.commit()
    rows = [row for row in HistorySource(Git(repository.folder)).collect(everything) if isinstance(row, File)]
    found = {row.load(): row for row in rows}
    assert set(found) == {b"first", b"second"}
    assert {found[b"first"].path, *found[b"first"].other_paths} == {"a", "b"}
    assert found[b"first"].commit == first


def test_history_reads_what_a_tag_names_without_a_commit(repository):
    repository.write("a", "base")
    repository.commit()
    repository.write("deep/b", "in a tree")
    repository.write("c", "by itself")
    repository.git("add", "-A")
    repository.git("tag", "tree", repository.git("write-tree").strip())
    blob = repository.git("hash-object", "c").strip()
    repository.git("tag", "-a", "-m", "x", "once", blob)
    repository.git("tag", "-a", "-m", "x", "twice", "once")
    repository.git("tag", "-d", "once")
    repository.git("tag", "usual", "HEAD")
    rows = [row for row in HistorySource(Git(repository.folder)).collect(everything) if isinstance(row, File)]
    found = {row.load(): row for row in rows}
    assert set(found) == {b"base", b"in a tree", b"by itself"}
    assert found[b"in a tree"].path == "deep/b"
    assert {found[b"by itself"].path, *found[b"by itself"].other_paths} == {"refs/tags/twice", "c"}
    (alone,) = list(HistorySource(Git(repository.folder), revisions=(blob,)).collect(everything))
    assert (alone.path, alone.commit) == (blob, blob)


def test_history_reads_what_only_a_merge_brought(repository):
    repository.write("a", "base\n")
    repository.commit()
    repository.git("checkout", "-q", "-b", "side")
    repository.write("a", "side\n")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("a", "main\n")
    repository.commit()
    repository.git("merge", "-q", "side", check=False)
    repository.write("a", "resolved by hand\n")
    repository.commit("merge")
    assert b"resolved by hand\n" in files_of_history(repository)


def files_of_history(repository) -> set[bytes]:
    source = HistorySource(Git(repository.folder))
    return {row.load() for row in source.collect(everything) if isinstance(row, File)}


def test_a_blob_that_was_seen_is_not_read_again(repository):
    repository.write("a", "1")
    repository.commit()
    first = HistorySource(Git(repository.folder))
    files(first)
    repository.write("a", "2")
    repository.commit()
    assert list(files(HistorySource(Git(repository.folder), frozenset(first.read_ids))).values()) == [b"2"]


def test_a_corrupt_object_is_a_skip_and_the_rest_is_read(repository):
    repository.write("a", "one")
    repository.write("b", "two")
    repository.write("c", "three")
    repository.commit()
    blob = repository.git("rev-parse", "HEAD:b")
    path = repository.folder / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"garbage")
    source = HistorySource(Git(repository.folder))
    rows = list(source.collect(everything))
    assert {row.load() for row in rows if isinstance(row, File)} == {b"one", b"three"}
    assert [row.kind for row in rows if isinstance(row, Skip)] == [SkipKind.UNREADABLE]


def test_a_corrupt_object_of_a_commit_is_a_skip_in_a_change(repository):
    repository.write("a.txt", "1")
    repository.write("b.txt", "2")
    repository.commit()
    repository.write("a.txt", "3")
    repository.write("b.txt", "4")
    repository.commit()
    git = Git(repository.folder)
    blob = git.text("rev-parse", "HEAD:a.txt")
    place = repository.folder / ".git" / "objects" / blob[:2] / blob[2:]
    place.chmod(0o600)
    place.write_bytes(b"junk")
    source = ChangesSource(git, "HEAD~1", head="HEAD")
    assert files(source) == {"b.txt": b"4"}
    assert [(skip.path, skip.kind) for skip in skips(source)] == [("a.txt", SkipKind.UNREADABLE)]


def test_a_shallow_clone_says_that_history_is_missing(repository):
    for number in range(3):
        repository.write("a", str(number))
        repository.commit()
    clone = repository.folder.parent / "shallow"
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.folder}", str(clone))
    assert [skip.kind for skip in skips(HistorySource(Git(clone)))] == [SkipKind.UNRESOLVED]


def test_an_empty_repository_has_an_empty_history(repository):
    assert files(HistorySource(Git(repository.folder))) == {}


def test_a_bare_repository_gives_history_and_commits(repository):
    repository.write("a", "1")
    commit = repository.commit()
    bare = repository.folder.parent / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.folder), str(bare))
    assert files(HistorySource(Git(bare))) == {"a": b"1"}
    assert files(CommitSource(Git(bare), commit)) == {"a": b"1"}


def test_a_second_worktree_is_read_like_the_first(repository):
    repository.write("a", "1")
    repository.commit()
    other = repository.folder.parent / "worktree"
    repository.git("worktree", "add", "-q", str(other), "-b", "other")
    assert files(TreeSource(other)) == {"a": b"1"}


def test_a_commit_gives_siblings_of_its_own_tree_only(repository):
    repository.write("dir/a", "1")
    commit = repository.commit()
    source = CommitSource(Git(repository.folder), commit)
    assert source.sibling("dir/a") == b"1"
    assert source.sibling("dir/../dir/a") == b"1"
    assert [source.sibling(path) for path in ("../x", "-x", "nope", "a\nb")] == [None] * 4


def test_a_missing_folder_is_a_clear_error(tmp_path):
    with pytest.raises(SourceError, match="no such folder"):
        files(TreeSource(tmp_path / "none"))


@pytest.mark.parametrize("address", ["ext::sh -c evil", "file:///etc", "http://x.example/r", "git://x.example/r"])
def test_unsafe_addresses_are_not_cloned(address):
    assert is_address(address)
    with pytest.raises(UsageError, match="cannot clone"), cloned(address, full=False):
        pass


def test_an_address_is_shown_without_its_credentials():
    assert shown("https://user:" + "word@x.example/r") == "https://x.example/r"
    assert shown("git@x.example:team/r.git") == "git@x.example:team/r.git"


def test_a_clone_is_read_and_removed(repository):
    repository.write("a", "1")
    repository.commit()
    with cloned(f"file://{repository.folder}", full=True, allow_insecure=True) as folder:
        assert files(TreeSource(folder)) == {"a": b"1"}
    assert not Path(folder).exists()


def test_a_repository_is_found_from_wherever_git_finds_it(repository, tmp_path):
    """From within, from a second worktree, from a bare one, by a link."""
    repository.write("deep/er/a", "1")
    repository.commit()
    bare, other, link = (repository.folder.parent / name for name in ("bare.git", "worktree", "link"))
    repository.git("clone", "-q", "--bare", str(repository.folder), str(bare))
    repository.git("worktree", "add", "-q", str(other), "-b", "other")
    link.symlink_to(repository.folder / "deep")
    top = repository.folder.resolve()
    assert [repository_of(repository.folder / one) for one in ("", "deep", "deep/er")] == [top, top, top]
    assert repository_of(link / "er") == top
    assert repository_of(other) == other.resolve()
    assert repository_of(bare) == repository_of(bare / "hooks") == bare.resolve()
    assert repository_of(repository.folder / ".git") is None


def test_the_head_that_is_said_with_the_repository_is_the_head(repository, tmp_path):
    top = repository.folder.resolve()
    assert repository_and_head(repository.folder) == (top, None), "before the first commit"
    repository.write("deep/a", "1")
    repository.commit()
    bare, other = (repository.folder.parent / name for name in ("bare.git", "worktree"))
    repository.git("clone", "-q", "--bare", str(repository.folder), str(bare))
    repository.git("worktree", "add", "-q", str(other), "-b", "other/branch")
    for folder, place in ((repository.folder / "deep", top), (other, other.resolve())):
        found, head = repository_and_head(folder)
        assert (found, head) == (place, Git(place).head())
        assert head is not None
        assert head[1]
    assert repository_and_head(bare) == (bare.resolve(), None)
    repository.git("checkout", "-q", "--detach")
    assert repository_and_head(repository.folder) == (top, None)
    assert repository_and_head(tmp_path) == (None, None)


def test_outside_any_repository_git_is_not_asked(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.setattr(Git, "output", lambda *_, **__: pytest.fail("git was asked"))
    assert repository_of(tmp_path / "a") is None
    assert repository_and_head(tmp_path / "a") == (None, None)
