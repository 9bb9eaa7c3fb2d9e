"""What the secrets scanner says of files, and what it never says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import traceback
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError, NothingCheckedError
from lockgate.model import Confidence, Family, File, Finding, Rule, RuleId, Severity, Skip, SkipKind
from lockgate.patterns import Hit, Matcher
from lockgate.patterns.checksums import base62
from lockgate.rules import expand_sample
from lockgate.scanners import ScanContext, Scanner, feed_all
from lockgate.scanners.secrets import SCANNER
from lockgate.scanners.secrets._candidates import judge, judge_loose, what_decides
from lockgate.scanners.secrets._catalog import build
from lockgate.scanners.secrets._judge import place_of

SALT = b"0123456789abcdef"


def rule(name: str, confidence: Confidence = Confidence.HIGH, **logic: Any) -> Rule:
    return Rule(
        RuleId(f"secrets/{name}"), Family.SECRETS, f"A {name}", "why", Severity.HIGH, confidence, "Revoke it.", logic
    )


ACME = rule("acme", pattern=r"\b(acme_[a-z0-9]{12})\b", keywords=["acme_"])
PASSWORD = rule("password", heuristic="password")
URL = rule("url", heuristic="url")


def file(path: str, content: bytes | str, **more: Any) -> File:
    raw = content.encode() if isinstance(content, str) else content
    return File(path, len(raw), lambda: raw, **more)


def scan(files: File, rules: list[Rule], **options: Any) -> list[Finding | Skip]:
    session = SCANNER.start(rules, ScanContext(salt=SALT, options=options))
    return [*session.feed(files), *session.finish()]


def findings(path: str, content: bytes | str, rules: list[Rule] | None = None, **more: Any) -> list[Finding]:
    rows = scan(file(path, content, **more), rules or [ACME, PASSWORD, URL])
    assert all(isinstance(row, Finding) for row in rows)
    return [row for row in rows if isinstance(row, Finding)]


def secret(template: str) -> str:
    return expand_sample(template)


def test_the_scanner_keeps_its_contract() -> None:
    assert isinstance(SCANNER, Scanner)
    assert SCANNER.family is Family.SECRETS
    assert SCANNER.reads is File
    assert SCANNER.wants("a.py", 3)
    assert not SCANNER.wants("a.py", 0)
    assert not SCANNER.wants("a.png", 3)


def test_a_finding_says_where_and_holds_only_a_salted_hash_and_a_hint() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    (found,) = findings(
        "src/ä.py",
        f"# ümlaut\nkey_of = 'ö{value}'.strip('ö')\nx = 'ö' + '{value}'\n".replace("'ö" + value, f"'ö {value}"),
    )[:1]
    assert (found.location.line, found.location.end_line) == (2, 2)
    assert (found.location.column, found.location.end_column) == (13, 13 + len(value))
    assert found.subject.kind == "secret"
    assert found.subject.key == hmac.new(SALT, value.encode(), hashlib.sha256).hexdigest()[:32]
    assert found.subject.name == "**** (17 characters)"
    assert found.location.snippet[0].startswith("key_of = 'ö ****'")
    assert found.rule == "secrets/acme"
    assert found.fix is not None
    assert found.fix.text == "Revoke it."


def test_no_value_is_in_any_repr_or_log_or_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    values = [secret("acme_{{alnum:12}}").lower(), secret("{{alnum:14}}"), secret("{{alnum:15}}")]
    content = (
        f"a = '{values[0]}'; password = '{values[1]}'; url = 'https://svc:{values[2]}@h.internal/'\n"
        f"again = '{values[0]}' # {values[1]} in the snippet\n"
    )
    session = SCANNER.start([ACME, PASSWORD, URL], ScanContext(salt=SALT))
    rows = list(session.feed(file("a.py", content)))
    assert {row.rule for row in rows if isinstance(row, Finding)} == {"secrets/acme", "secrets/password", "secrets/url"}
    said = repr(rows) + repr(session) + repr(vars(session)) + session.coverage() + caplog.text
    assert not any(value in said for value in values)
    assert not any(value[4:] in said for value in values)


def test_a_file_that_cannot_be_read_tells_nothing_of_other_files() -> None:
    def broken() -> bytes:
        raise OSError("disk gone")

    session = SCANNER.start([ACME], ScanContext(salt=SALT))
    value = secret("acme_{{alnum:12}}").lower()
    list(session.feed(file("a.py", value)))
    with pytest.raises(OSError, match="disk gone") as caught:
        list(session.feed(File("b.py", 3, broken)))
    assert value not in "".join(traceback.format_exception(caught.value))


def test_every_secret_of_a_snippet_is_masked() -> None:
    one, two = secret("acme_{{alnum:12}} ").strip().lower(), secret("acme_{{alnum:12}}").lower()
    rows = findings("a.py", f"x = ['{one}', '{two}']\n")
    assert len(rows) == 2
    assert all(one not in row.location.snippet[0] and two not in row.location.snippet[0] for row in rows)


def test_a_very_long_line_gives_a_short_masked_snippet() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    (row,) = findings("a.js", "x" * 5000 + f" '{value}' " + "y" * 5000)
    assert len(row.location.snippet[0]) <= 200
    assert "****" in row.location.snippet[0]


def test_of_several_rules_on_one_span_the_most_specific_speaks() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    generic = rule("generic", tier=2, pattern=r"token = '([^']+)'")
    (row,) = findings("a.py", f"token = '{value}'\n", [generic, PASSWORD, ACME])
    assert row.rule == "secrets/acme"
    (row,) = findings("a.py", f"token = '{value}'\n", [PASSWORD, generic])
    assert row.rule == "secrets/generic"


def test_the_same_secret_elsewhere_is_the_same_subject() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    first, second = findings("a.py", f"a = '{value}'\nb = '{value}'\n")
    assert first.subject == second.subject
    assert (first.location.line, second.location.line) == (1, 2)


def test_another_salt_gives_another_key() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    session = SCANNER.start([ACME], ScanContext(salt=b"f" * 16))
    (row,) = session.feed(file("a.py", value))
    assert isinstance(row, Finding)
    assert row.subject.key != findings("a.py", value)[0].subject.key


def test_only_changed_lines_are_judged() -> None:
    content = "\n".join(secret("acme_{{alnum:12}} " + str(line)).lower() for line in range(4))
    rows = findings("a.py", content, changed_lines=frozenset({2, 4}))
    assert [row.location.line for row in rows] == [2, 4]
    assert findings("a.py", content, changed_lines=frozenset()) == []


def test_a_key_of_many_lines_counts_when_one_of_them_changed() -> None:
    pem = rule("key", pattern=r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{64,}?-----END [A-Z ]*PRIVATE KEY-----")
    content = "top\n" + secret("{{pem:EC PRIVATE KEY}}") + "\n"
    (row,) = findings("notes.txt", content, [pem], changed_lines=frozenset({5}))
    assert row.location.line == 2
    assert row.location.end_line > 5
    assert row.location.snippet == ("----****",)
    assert findings("notes.txt", content, [pem], changed_lines=frozenset({1})) == []


def test_history_keeps_the_commit_and_passes_when_any_path_passes() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    (row,) = findings("package-lock.json", value, commit="c0ffee", other_paths=("src/a.py",))
    assert row.location.commit == "c0ffee"
    assert findings("package-lock.json", value, other_paths=("yarn.lock",)) == []


def test_a_binary_file_is_passed_over_and_a_nul_in_a_text_hides_nothing() -> None:
    value = secret("acme_{{alnum:12}}").lower().encode()
    assert findings("a.txt", b"\x7fELF\1\2\3\0\0\0\0 " + value) == []
    assert findings("a.txt", b"\0\xff\xfe\x80 " * 50 + value) == []
    assert len(findings("a.txt", value + b"\n" * 9000 + b"\0")) == 1
    assert len(findings("a.txt", b"key = " + value + b"\0\n" + b"text\n" * 20)) == 1
    assert len(findings("a.txt", ("é" * 3999 + "\0é\n").encode() + value + b"\n")) == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_read(encoding: str) -> None:
    value = secret("acme_{{alnum:12}}").lower()
    (row,) = findings("a.reg", f"ok\r\n  {value}\r\n".encode(encoding))
    assert row.location.line == 2


def test_a_credential_file_that_is_broken_is_a_skip_that_reaches_the_gate() -> None:
    rows = scan(file(".docker/config.json", b'{"auths": {'), [ACME])
    assert [(row.path, row.kind, row.family) for row in rows if isinstance(row, Skip)] == [
        (".docker/config.json", SkipKind.MALFORMED, "secrets")
    ]


def test_utf_16_with_its_mark_is_read() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    (row,) = findings("a.reg", f"ok\r\n  {value}\r\n".encode("utf-16"))
    assert row.location.line == 2


def test_text_that_is_not_utf_8_is_read() -> None:
    value = secret("acme_{{alnum:12}}").lower().encode()
    assert len(findings("a.txt", b"\xe4\xf6\xff " + value)) == 1


def test_a_file_over_the_limit_is_a_skip_and_is_not_loaded() -> None:
    def never() -> bytes:
        raise AssertionError("loaded")

    (row,) = scan(File("a.sql", 11 * 1024 * 1024, never), [ACME])
    assert isinstance(row, Skip)
    assert (row.kind, row.family) == (SkipKind.TOO_LARGE, "secrets")
    (row,) = scan(file("a.sql", "x" * 20), [ACME], max_bytes=10)
    assert isinstance(row, Skip)


def test_more_secrets_than_anyone_reads_end_in_a_skip() -> None:
    content = "\n".join(secret("acme_{{alnum:12}} " + str(line)).lower().split()[0] for line in range(1100))
    rows = scan(file("a.txt", content), [ACME])
    assert sum(isinstance(row, Finding) for row in rows) == 1000
    assert isinstance(rows[-1], Skip)
    assert rows[-1].kind is SkipKind.LIMIT


def test_a_checksum_raises_or_lowers_the_confidence() -> None:
    checked = rule("hub", Confidence.MEDIUM, pattern=r"\b(ghp_[A-Za-z0-9]{36})\b", checksum="github")

    body = secret("{{alnum:30}}")
    good = "gh" + "p_" + body + base62(zlib.crc32(body.encode()), width=6).decode()
    bad = "gh" + "p_" + body + "zzzzzz"
    assert findings("a.py", good, [checked])[0].confidence is Confidence.HIGH
    assert findings("a.py", bad, [checked])[0].confidence is Confidence.LOW


def test_what_documentation_writes_for_a_token_is_quiet() -> None:
    wide = rule("wide", pattern=r"\b(acme_[A-Za-z0-9_]{12,40})\b")
    assert findings("a.py", "acme_" + "x" * 12, [wide]) == []
    assert findings("a.py", "acme_your_token_here0", [wide]) == []


def test_every_key_of_a_rule_is_obeyed() -> None:
    value = secret("acme_{{alnum:12}}").lower()
    base = {"pattern": r"\b(acme_[a-z0-9]{12})\b"}
    assert findings("a.py", value, [rule("r", **base, path=r"\.tf$")]) == []
    assert findings("a.py", value, [rule("r", **base, exclude_path=r"\.py$")]) == []
    assert findings("a.py", value, [rule("r", **base, allow=["^acme_"])]) == []
    assert findings("a.py", "# " + value, [rule("r", **base, allow_line=["^#"])]) == []
    assert findings("a.py", value, [rule("r", **base, entropy=7.9)]) == []
    assert findings("a.py", value, [rule("r", **base, keywords=["other"])]) == []
    assert findings("a.py", value, [rule("r", **base, context=["other"])]) == []
    assert len(findings("a.py", value + "\nother", [rule("r", **base, context=["other"], entropy=1.0)])) == 1


def test_a_structured_file_is_told_by_the_rule_of_its_kind() -> None:
    value = secret("{{alnum:16}}")
    netrc = rule("file-netrc", file="netrc")
    (row,) = findings("home/.netrc", f"machine h.internal\n  login shop\n  password {value}\n", [netrc, PASSWORD])
    assert row.rule == "secrets/file-netrc"
    assert row.location.line == 3
    assert value not in repr(row)


def test_a_kubernetes_secret_is_known_by_its_decoded_value() -> None:
    value = secret("{{alnum:16}}")
    coded = base64.b64encode(value.encode()).decode()
    content = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ndata:\n  db-password: {coded}\n"
    rows = findings("k8s/shop.yaml", content, [rule("file-kubernetes-secret", file="kubernetes-secret"), PASSWORD])
    assert len(rows) == 1
    assert rows[0].subject.key == hmac.new(SALT, value.encode(), hashlib.sha256).hexdigest()[:32]
    assert rows[0].location.line == 6
    assert coded not in repr(rows)
    assert value not in repr(rows)


def test_a_basic_header_is_judged_by_what_it_holds() -> None:
    def header(text: str) -> str:
        return f"Authorization: Basic {base64.b64encode(text.encode()).decode()}\n"

    assert len(findings("a.http", header("svc:" + secret("{{alnum:14}}")))) == 1
    assert findings("a.http", header("user:password")) == []


def test_rules_of_a_gitleaks_file_join_in() -> None:
    text = '[[rules]]\nid = "zeta"\nregex = "zeta-([0-9]{8})"\nkeywords = ["zeta"]\n'
    (row,) = scan(file("a.py", "zeta-" + "48213907"), [ACME], gitleaks=text)
    assert isinstance(row, Finding)
    assert row.rule == "secrets/gitleaks-zeta"


def test_a_session_tells_what_it_covered() -> None:
    session = SCANNER.start([ACME, PASSWORD], ScanContext(salt=SALT))
    assert session.coverage() == ""
    list(session.feed(file("a.py", "x" * 100_000)))
    assert session.coverage() == "1 files, 0.1 MB, 2 rules"


def test_wrong_starts_are_refused() -> None:
    with pytest.raises(NothingCheckedError):
        SCANNER.start([], ScanContext(salt=SALT))
    with pytest.raises(ConfigurationError, match="salt"):
        SCANNER.start([ACME], ScanContext(salt=b"short"))
    with pytest.raises(ConfigurationError, match="max_bytes"):
        SCANNER.start([ACME], ScanContext(salt=SALT, options={"max_bytes": "big"}))
    with pytest.raises(ConfigurationError, match="checksum"):
        SCANNER.start([rule("r", pattern="abc", checksum="nonesuch")], ScanContext(salt=SALT))


def test_the_database_is_kept_in_the_cache_folder(tmp_path: Path) -> None:
    SCANNER.start([ACME], ScanContext(salt=SALT, made_dir=tmp_path))
    assert len(list(tmp_path.iterdir())) == 1


_SESSION = SCANNER.start([ACME, PASSWORD, URL], ScanContext(salt=SALT))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["a.py", ".env", "k.yaml", ".netrc", "x.md", "t.sql", "wp-config.php", "a.tfstate"]),
    st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from(
                [b"password", b"=", b": ", b'"', b"'", b"\n", b"https://a:", b"@h", b"Abc123xyz9", b"token"]
            ),
        ),
        max_size=30,
    ),
)
def test_any_bytes_are_judged_without_harm(path: str, pieces: list[bytes]) -> None:
    for row in _SESSION.feed(file(path, b"".join(pieces))):
        if isinstance(row, Finding):
            assert row.location.line >= 1
            assert len(row.location.snippet[0]) <= 200


def test_what_goes_on_after_a_cut_match_is_masked_too() -> None:
    head = rule("head", pattern=r"(acme_[a-z0-9]{12})")
    rest = secret("{{alnum:30}}")
    (row,) = findings("a.json", '{"key": "' + secret("acme_{{alnum:12}}").lower() + "\\n" + rest + '"}', [head])
    assert rest not in repr(row)
    assert row.location.snippet == ('{"key": "****"}',)


BEFORE = [
    b"", b"x", b"name: ", b"my", b"AWS::", b'"AWS::ApiGateway::Some', b"\n", b"db_", b"curl -u a:", b"x" * 70, b"# ",
]  # fmt: skip
AFTER = [
    b"", b"\n", b"@", b"@example.com", b"@host/x ", b"@eu.mail.example.com:80", b"@" + b"x" * 90 + b".example.com",
    b'"', b";", b"\r\n@h",
]  # fmt: skip
MATCHED = [
    b'password = "{}"', b"PASS: {}", b"pass '{}'", b"token={}", b"https://bob:{}", b"Authorization: Basic {}",
    b'<name="password">{}</', b"the password is {}", b"mysql -p{} ", b'"key": "password",\n "value": "{}"',
]  # fmt: skip
JUDGED = build([PASSWORD, URL, rule("generic-any", pattern=r"(?:key|token|curl -u a:)[ =:]*['\"]?([\w=+/:-]{8,})")], {})
MATCHER = Matcher(JUDGED.patterns, patient=True)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(BEFORE), st.sampled_from(MATCHED), st.sampled_from(AFTER),
    st.sampled_from([b"Zx9!kQ2v", b"c3VwZXI6aHVudGVyMkEh", b"Summer#22x"]), st.sampled_from(["a.py", "b.yaml"]),
)  # fmt: skip
def test_nothing_but_the_lines_of_a_match_decides(before, matched, after, value, path) -> None:
    content = b"line one\n" + before + matched.replace(b"{}", value) + after + b"\nline three\n"
    for hit in MATCHER.find(content):
        entry, pattern = JUDGED.entries[hit.index], JUDGED.patterns[hit.index]

        def verdict(content: bytes, hit: Hit, entry: Any = entry, pattern: Any = pattern) -> Confidence | None:
            if entry.loose:
                return judge_loose(content, hit, place=place_of(path))
            return judge(content, hit, regex=pattern.regex, style=entry.style, place=place_of(path))

        begin, stop = what_decides(content, hit)
        offsets = (hit.start, hit.end, hit.secret_start, hit.secret_end)
        assert verdict(content[begin:stop], Hit(hit.index, *(at - begin for at in offsets))) == verdict(content, hit)


def test_files_of_a_batch_are_told_apart() -> None:
    value, settings = secret("acme_{{alnum:12}}").lower(), f"password: {secret('{{alnum:20}}')}\n"
    files = [
        file("a.py", f"x = '{value}'\n"),
        file("empty.py", ""),
        file("picture.png", value),
        file("b.bin.py", b"\0\1\2" * 900 + value.encode()),
        file("large.py", value * 400),
        file("c.py", "x = 1\n"),
        file("config/secrets.yml", settings),
        file("d.py", f"\n\ny = '{value}'\n", other_paths=("e.py",)),
    ]
    rules, context = [ACME, PASSWORD, URL], ScanContext(salt=SALT, options={"max_bytes": 3000})
    together = SCANNER.start(rules, context)
    said = [list(one) for one in feed_all(together, files)]
    alone = SCANNER.start(rules, context)
    assert said == [list(alone.feed(one)) for one in files]
    assert [len(one) for one in said] == [1, 0, 0, 0, 1, 0, 1, 1]
    assert together.coverage() == alone.coverage()
