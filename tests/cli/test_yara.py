"""YARA rules that the user brings, put to files of folders and of images.

The rules here are ours and harmless; the test file of the institute EICAR is put together when the test runs.
"""

import json

import pytest
from tests.sources.image.building import Layout

pytest.importorskip("yara_x")
EICAR = "".join(("X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*")).encode()
RULES = """
import "elf"
rule test_file : harmless
{
  meta:
    description = "Test file of anti-virus programs"
    severity = "critical"
    reference = "https://www.eicar.org/"
  strings:
    $text = { 58 35 4F 21 50 25 40 41 50 }
  condition:
    $text at 0 and filesize < 128
}
rule program { meta: score = 45 condition: elf.type == elf.ET_EXEC }
"""
PROGRAM = bytes.fromhex("7f454c46020101000000000000000000 02003e0001000000") + bytes(40)


@pytest.fixture
def rules(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yar").write_text(RULES)
    (tmp_path / "rules" / "notes.txt").write_text("no rules")
    return tmp_path / "rules"


def judged(run) -> list[dict]:
    assert run.returncode in (0, 1), run.stderr
    return json.loads(run.stdout)["findings"]


def test_a_file_of_a_layer_that_matches_is_told_with_the_rule_and_the_layer(lockgate, tmp_path, rules):
    made = Layout(tmp_path / "layout")
    layers = {"etc/plain": b"plain"}, {"opt/a.com": EICAR, "opt/b.txt": b"see " + EICAR}, {"opt/.wh.a.com": b""}
    made.name(made.image(*layers, steps=["ADD base", "COPY a.com /opt", "RUN rm /opt/a.com"]), "1")
    found = judged(lockgate("image", "scan", "layout", "--family", "malware", "--yara", "rules", "--format", "json",
                            cwd=tmp_path))  # fmt: skip
    assert [(one["rule"], one["severity"], one["location"]["path"]) for one in found] == [
        ("malware/yara-match", "critical", "opt/a.com")
    ]
    said = "The YARA rule test_file (rules/own.yar) matches: Test file of anti-virus programs. Layer 1 brought it"
    assert found[0]["message"].startswith(said)
    facts = {one["name"]: one["value"] for one in found[0]["facts"]}
    assert facts["reference"] == "https://www.eicar.org/"
    assert (facts["yara-tags"], facts["deleted-by-layer"], len(facts["sha256"])) == ("harmless", "2", 64)


def test_what_is_kept_of_a_layer_holds_for_these_rules_alone(lockgate, tmp_path, rules):
    made = Layout(tmp_path / "layout")
    made.name(made.image({"opt/a": PROGRAM}), "1")
    ask = "image", "scan", "layout", "--family", "malware", "--yara", "rules", "--format", "json"
    first = judged(lockgate(*ask, cwd=tmp_path))
    assert [(one["severity"], one["location"]["path"]) for one in first] == [("medium", "opt/a")]
    for blob in (tmp_path / "layout" / "blobs" / "sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            layer, content = blob, blob.read_bytes()
            blob.unlink()
    assert [one["message"] for one in judged(lockgate(*ask, cwd=tmp_path))] == [one["message"] for one in first]
    (rules / "own.yar").write_text(RULES.replace("score = 45", "score = 90"))
    assert lockgate(*ask, cwd=tmp_path).returncode == 5  # the layer would have to be read, and is gone
    layer.write_bytes(content)
    assert [one["severity"] for one in judged(lockgate(*ask, cwd=tmp_path))] == ["high"]


def test_a_folder_is_put_to_the_rules_that_its_settings_name(lockgate, tmp_path, rules):
    (tmp_path / "a.com").write_bytes(EICAR)
    (tmp_path / "lockgate.yaml").write_text("scanners: {malware: {rules: [rules]}}\nfamilies: [secrets]\n")
    found = judged(lockgate("check", ".", "--no-store", "--format", "json", cwd=tmp_path))
    assert {one["location"]["path"] for one in found if one["family"] == "malware"} == {"a.com"}
    found = judged(lockgate("check", ".", "--family", "secrets", "--no-store", "--format", "json", cwd=tmp_path))
    assert [one for one in found if one["family"] == "malware"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [("rule a { condition: foo }", "unknown identifier"), ('include "/etc/passwd"', "includes are disabled")],
)
def test_a_rule_that_is_wrong_is_refused_with_its_place(lockgate, tmp_path, rules, text, said):
    (rules / "own.yar").write_text(text)
    run = lockgate("check", ".", "--yara", "rules", cwd=tmp_path)
    assert run.returncode == 3
    assert "rules/own.yar" in run.stderr
    assert said in run.stderr


def test_rules_that_are_not_there_are_an_error_and_none_at_all_is_no_clean_answer(lockgate, tmp_path):
    assert lockgate("check", ".", "--yara", "nothing.yar", cwd=tmp_path).returncode == 3
    (tmp_path / "empty").mkdir()
    assert lockgate("check", ".", "--yara", "empty", cwd=tmp_path).returncode == 3
    (tmp_path / "a").write_text("a")
    run = lockgate("check", ".", "--family", "malware", "--no-store", cwd=tmp_path)
    assert (run.returncode, "ships none" in run.stdout) == (4, True)
    (tmp_path / "lockgate.yaml").write_text("scanners: {malware: {rules: [../elsewhere]}}\n")
    assert lockgate("check", ".", cwd=tmp_path).returncode == 3
