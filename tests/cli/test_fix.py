"""Safe fixes: applied whole, refused when the text is no longer what was judged."""

from pathlib import Path

from lockgate.cli._fix import edited, planned
from lockgate.model import Edit


def test_an_edit_replaces_its_lines_and_keeps_the_rest():
    text, problems = edited("a\nb\nc\n", [Edit("f", 2, 2, "B", "b")])
    assert (text, problems) == ("a\nB\nc\n", [])


def test_an_edit_inserts_before_a_line():
    text, problems = edited("a\nb\n", [Edit("f", 2, 1, "new", "")])
    assert (text, problems) == ("a\nnew\nb\n", [])


def test_an_edit_without_text_removes_lines():
    text, problems = edited("a\nb\nc\n", [Edit("f", 2, 2, "", "b")])
    assert (text, problems) == ("a\nc\n", [])


def test_two_edits_apply_from_the_bottom_up():
    text, _ = edited("a\nb\nc\n", [Edit("f", 1, 1, "A\nA2", "a"), Edit("f", 3, 3, "C", "c")])
    assert text == "A\nA2\nb\nC\n"


def test_windows_line_ends_are_kept():
    text, _ = edited("a\r\nb\r\n", [Edit("f", 2, 2, "B", "b")])
    assert text == "a\r\nB\r\n"


def test_an_edit_whose_text_has_changed_is_refused():
    text, problems = edited("a\nother\n", [Edit("f", 2, 2, "B", "b")])
    assert text == "a\nother\n"
    assert problems == ["line 2: is no longer what was judged"]


def test_overlapping_edits_are_not_both_applied():
    text, problems = edited("a\nb\n", [Edit("f", 1, 2, "X", "a\nb"), Edit("f", 2, 2, "B", "b")])
    assert text == "a\nB\n"
    assert len(problems) == 1


def test_an_edit_outside_the_tree_is_refused(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "out").write_text("a\n")
    changes, refused = planned([Edit("../out", 1, 1, "b", "a")], tmp_path / "tree")
    assert changes == []
    assert refused == [("../out", "leads out of the tree")]


def test_a_file_that_has_gone_is_refused_not_raised(tmp_path):
    assert planned([Edit("none", 1, 1, "b", "a")], tmp_path) == ([], [("none", "No such file or directory")])


def test_a_vulnerable_pin_is_raised_after_showing_the_diff(lockgate, repository, tmp_path):
    advisories = Path(__file__).resolve().parents[2] / "examples" / "advisories"
    repository.write("requirements.txt", "harbour-forms==1.4.0\nharbour-money==2.1.0\n")
    repository.commit()
    lockgate("advisories", "update", str(advisories), cwd=repository.folder)
    done = lockgate("check", "--family", "dependencies", "--fix", "--yes", cwd=repository.folder)
    assert "-harbour-forms==1.4.0" in done.stdout
    assert "+harbour-forms==1.5.1" in done.stdout
    assert (repository.folder / "requirements.txt").read_text() == "harbour-forms==1.5.1\nharbour-money==2.1.0\n"
    assert lockgate("check", "--family", "dependencies", cwd=repository.folder).returncode == 0


def test_fix_without_an_answer_writes_nothing(lockgate, repository):
    dockerfile = "FROM alpine:3.20\nMAINTAINER ada@harbour.example\n"
    repository.write("Dockerfile", dockerfile)
    done = lockgate("check", "--family", "dockerfiles", "--fix", cwd=repository.folder)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert (repository.folder / "Dockerfile").read_text() == dockerfile


def test_actions_and_images_are_pinned_by_what_the_tree_tells_of_them(lockgate, repository):
    commit, digest = "0123456789abcdef0123456789abcdef01234567", "sha256:" + "ab" * 32
    head = "name: ci\non: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n"
    repository.write(".github/workflows/ci.yml", f"{head}      - uses: some/action@v2.1.0\n")
    repository.write("Dockerfile", 'FROM alpine:3.20 AS base\nUSER app\nCMD ["true"]\n')
    repository.write("lockgate-pins.txt", f"some/action@{commit} # v2.1.0\nalpine:3.20@{digest}\n")
    repository.commit()
    done = lockgate(
        "check", "--family", "workflows", "--family", "dockerfiles", "--fix", "--yes", cwd=repository.folder
    )
    assert "fixed 2 file(s)" in done.stderr
    workflow = (repository.folder / ".github/workflows/ci.yml").read_text()
    assert workflow == f"{head}      - uses: some/action@{commit} # v2.1.0\n"
    assert (repository.folder / "Dockerfile").read_text().startswith(f"FROM alpine:3.20@{digest} AS base\n")
