"""Other tools' logs, and advisories."""

import json
import zipfile

import pytest
from tests.cli.bad_input.cases import ALLOWED, NOTHING, RUBBISH, UNAVAILABLE, advisory


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
