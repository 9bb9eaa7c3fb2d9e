"""What the Dockerfile scanner promises beyond its rules: skips, identity, masking, edits, limits."""

from __future__ import annotations

import pytest

from lockgate.errors import ConfigurationError
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.rules import load
from lockgate.scanners import ScanContext
from lockgate.scanners.dockerfiles import SCANNER, wants

RULES = load([Family.DOCKERFILES]).rules


def scan(text: str | bytes, *, path: str = "Dockerfile", **options: object) -> list[Finding | Skip]:
    content = text.encode() if isinstance(text, str) else text
    session = SCANNER.start(RULES, ScanContext(salt=b"0" * 16, options=options))
    return [*session.feed(File(path, len(content), lambda: content)), *session.finish()]


def of(rule: str, text: str, **options: object) -> list[Finding]:
    found = scan(text, **options)
    return [row for row in found if isinstance(row, Finding) and row.rule == f"dockerfiles/{rule}"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("Dockerfile", True), ("a/Dockerfile.prod", True), ("web.Dockerfile", True), ("Containerfile", True),
        ("Dockerfile.j2", True), ("Dockerfile.dockerignore", False), ("dockerfile.py", False), ("src/x.py", False),
    ],
)  # fmt: skip
def test_files_are_wanted_by_name(path: str, wanted: bool) -> None:
    assert wants(path, 10) is wanted


def test_a_template_is_a_skip_and_not_a_guess() -> None:
    (row,) = scan("FROM {{ base }}\n", path="Dockerfile.j2")
    assert isinstance(row, Skip) and row.kind is SkipKind.UNSUPPORTED


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"FROM a\nRUN \xff\xfe\n", b"FROM a\nHELLO x\n"])
def test_what_cannot_be_read_is_a_skip(content: bytes) -> None:
    skips = [row for row in scan(content) if isinstance(row, Skip)]
    assert [(skip.kind, skip.family) for skip in skips] == [(SkipKind.MALFORMED, "dockerfiles")]


def test_a_base_chosen_at_build_time_is_a_skip() -> None:
    skips = [row for row in scan("ARG BASE\nFROM ${BASE}\nUSER app\n") if isinstance(row, Skip)]
    assert [skip.kind for skip in skips] == [SkipKind.UNRESOLVED]


def test_a_session_without_a_file_covers_nothing() -> None:
    assert SCANNER.start(RULES, ScanContext(salt=b"0" * 16)).coverage() == ""


def test_the_key_survives_moves_comments_and_reformatting() -> None:
    before = of("curl-insecure", "FROM a:1\nRUN curl -k https://x/y\n")
    after = of("curl-insecure", "# hello\nFROM a:2\n\nLABEL a=b\nRUN true && \\\n    curl   -k \\\n  https://x/y\n")
    assert [one.subject.key for one in before] == [one.subject.key for one in after]
    assert after[0].location.line in (6, 7)


def test_a_version_bump_keeps_the_key() -> None:
    keys = {of("pip-cache", f"FROM a:1\nRUN pip install flask=={v}\n")[0].subject.key for v in ("1.0", "2.0")}
    assert len(keys) == 1


def test_two_stages_with_the_same_fault_are_two_subjects() -> None:
    found = of("sudo", "FROM a:1 AS x\nRUN sudo ls\nFROM a:1 AS y\nRUN sudo ls\n")
    assert len({one.subject.key for one in found}) == 2


@pytest.mark.parametrize(
    "line",
    [
        "ENV DB_PASSWORD={}", "ARG NPM_TOKEN={}", "RUN git clone https://u:{}@h.example/r",
        "RUN echo 'root:{}' | chpasswd",
        "RUN useradd -p {} app", "ENV API_TOKEN {}",
    ],
)  # fmt: skip
def test_the_value_of_a_secret_shows_nowhere(line: str) -> None:
    value = "Zq7" + "pl4Vt9" * 3
    found = [row for row in scan("FROM a:1\n" + line.format(value) + "\n") if isinstance(row, Finding)]
    assert found and value not in repr(found)


def test_trusted_registries_are_a_setting() -> None:
    text = "FROM registry.corp.example/base/x:1\n"
    assert of("untrusted-registry", text)
    assert not of("untrusted-registry", text, trusted_registries=["registry.corp.example/base"])
    assert of("untrusted-registry", text, trusted_registries=["registry.corp.example/bas"])


def apply(text: str, finding: Finding) -> str:
    assert finding.fix is not None and len(finding.fix.edits) == 1
    edit = finding.fix.edits[0]
    lines = text.split("\n")
    assert "\n".join(lines[edit.line - 1 : edit.end_line]) == edit.expect
    return "\n".join([*lines[: edit.line - 1], edit.text, *lines[edit.end_line :]])


@pytest.mark.parametrize(
    ("rule", "text", "mended"),
    [
        ("user-missing", "FROM a:1\nRUN useradd -m app\nCMD [\"x\"]\n",
         "FROM a:1\nRUN useradd -m app\nUSER app\nCMD [\"x\"]\n"),
        ("apt-recommends", "FROM a:1\nRUN apt-get install -y git\n",
         "FROM a:1\nRUN apt-get install --no-install-recommends -y git\n"),
        ("add-local", "FROM a:1\nADD a.py /a\n", "FROM a:1\nCOPY a.py /a\n"),
        ("apt-cache", "FROM a:1\nRUN apt-get update && apt-get install -y git\n",
         "FROM a:1\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\n"),
        ("maintainer", "FROM a:1\nMAINTAINER Jo\n", 'FROM a:1\nLABEL org.opencontainers.image.authors="Jo"\n'),
        ("pip-cache", "FROM a:1\nRUN pip install x==1\n", "FROM a:1\nRUN pip install --no-cache-dir x==1\n"),
        ("apk-cache", "FROM a:1\nRUN apk add git\n", "FROM a:1\nRUN apk add --no-cache git\n"),
    ],
)  # fmt: skip
def test_a_safe_edit_mends_the_fault(rule: str, text: str, mended: str) -> None:
    (finding,) = of(rule, text)
    assert apply(text, finding) == mended
    assert not of(rule, mended)


def test_no_user_line_is_offered_when_no_user_was_made() -> None:
    (finding,) = of("user-missing", 'FROM a:1\nCMD ["x"]\n')
    assert finding.fix is not None and finding.fix.edits == ()


def test_findings_of_one_rule_in_one_file_are_limited_and_the_rest_is_said() -> None:
    rows = scan("FROM a:1\n" + "".join(f"RUN sudo x{number}\n" for number in range(250)))
    assert sum(isinstance(row, Finding) and row.rule == "dockerfiles/sudo" for row in rows) == 200
    assert [row.kind for row in rows if isinstance(row, Skip)] == [SkipKind.LIMIT]


def test_a_rule_that_names_no_check_is_refused() -> None:
    rule = RULES[0]
    wrong = Rule(rule.id, rule.family, "t", "w", rule.severity, rule.confidence, "f", {"check": "nope"})
    with pytest.raises(ConfigurationError, match="known check"):
        SCANNER.start([wrong], ScanContext(salt=b"0" * 16))
