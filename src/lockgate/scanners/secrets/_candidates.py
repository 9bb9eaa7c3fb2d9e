"""The shapes in which passwords, tokens and credentials in addresses stand in text: what the second tier looks at.

Each shape ends at one fixed character, so that Hyperscan reports one end for each value and not one for each character.
"""

from __future__ import annotations

import base64
import re

from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence
from lockgate.patterns import Hit, Pattern
from lockgate.scanners.secrets._judge import (
    Place,
    Style,
    judge_address,
    judge_assignment,
    judge_generic,
)  # fmt: skip

_KINDS = (
    "api|auth|access|private|account|shared|secret|encryption|signing|app|master|session|client|jwt|service|deploy"
)
_NAME = (
    r"(?:passw(?:or)?[dt]|passphrase|passcode|pass|pwd|psw|secret|token|apikey|credentials?|creds|"
    rf"(?:{_KINDS})[_.-]?key)"
)
_TAIL = r"[\w.-]{0,30}(?:\[\])?"
_QUOTED = r"(?:\\?\"([^\"\r\n]{4,200})\"|\\?'([^'\r\n]{4,200})'|\x60([^\x60\r\n]{4,200})\x60)"
_BEFORE_QUOTE = r"(?:[bBrRuUfFLN@$]|String::from\(|new[ ]String\()?"

ASSIGNED = (
    rf"(?i){_NAME}{_TAIL}\\?[\"'\x60]?[\])]?(?:[ \t]{{0,30}}(?::[ \t]{{0,3}}&?[\w<>\[\]'?]{{1,24}}[ \t]{{0,3}})?"
    rf"(?:=>|:=|=|:|,)[ \t]{{0,30}}|[ \t]{{1,30}}|[ \t]?\([ \t]?|[ \t]{{1,8}}value[ \t]?=[ \t]?)"
    rf"{_BEFORE_QUOTE}{_QUOTED}"
)
BARE = (
    rf"(?im){_NAME}{_TAIL}[\"'\]]?[ \t]{{0,30}}(?:=>|=|:)[ \t]{{0,30}}"
    r"([^\s\"'\x60<>(){}\[\];,|&]{4,200})(?:[ \t]*(?:[;,\"'\\&<\r]|$)|[ \t]+#)"
)
SPACED = r"(?im)[_.](?:pass|password|passwd|secret|token)[ \t]?=[ \t]?([a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4})\r?$"
ELEMENT = rf"(?i)<[\w.:-]{{0,30}}{_NAME}{_TAIL}(?:[ \t][^<>\r\n]{{0,80}})?>[ \t]{{0,8}}([^<>\s]{{4,160}})[ \t]{{0,8}}</"
NAMED_ELEMENT = rf"(?i)name[ \t]?=[ \t]?[\"'][\w.:-]{{0,40}}{_NAME}{_TAIL}[\"'][^<>\r\n]{{0,60}}>([^<>\s]{{4,160}})</"
CALLED = (
    r"(?i)(?:getConnection|mysqli?_connect|pg_connect|SetBasicAuth|basic_?auth|HTTPBasicAuth|HTTPDigestAuth|"
    r"UsernamePassword\w{0,30})"
    r"[ \t]?\([^()\r\n]{0,120},[ \t]{0,4}(?:\"([^\"\r\n]{4,120})\"|'([^'\r\n]{4,120})')[ \t]?\)"
)
COMMAND = (
    r"(?im)(?:\bsshpass[ \t]+-p[ \t]*|\bmysql(?:dump|admin)?\b[^\r\n|]{0,80}[ \t]-p|"
    r"--(?:password|passwd|pass|token|secret|api-key)[ \t=]|"
    r"\brequirepass[ \t]+|\bcurl\b[^\r\n|]{0,120}[ \t](?:-u|--user)[ \t=]?[\"']?[\w.@-]{1,60}:)"
    r"[\"']?([^\s\"'\x60<>(){};,|]{4,120})(?:[\"']|[ \t\r]|$)"
)
SQL = (
    r"(?i)\b(?:identified[ \t]+(?:with[ \t]+\w+[ \t]+)?by|with[ \t]+(?:encrypted[ \t]+)?password|password[ \t]*=?)"
    r"[ \t]+'([^'\r\n]{4,120})'"
)
HEADER = (
    r"(?im)\bauthorization\\?[\"']?[ \t]{0,4}[:=,][ \t]{0,4}\\?[\"'\x60]?(?:bearer|basic|token)[ \t]+"
    r"([\w.=~+/-]{12,400})(?:[\"'\x60\\\s]|$)"
)

URL = r"(?i)\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@\"'\x60<>]{0,80}:(?P<secret>[^\s/@\"'\x60<>]{3,160})@[\w.\[{$%-]"
DSN = r"(?i)[\"'\x60= ][\w.-]{1,40}:(?P<secret>[^\s/@\"'\x60<>:]{4,120})@(?:tcp|unix)\("
ORACLE = r"(?i)\bjdbc:oracle:(?:thin|oci):[\w$#]{1,40}/(?P<secret>[^\s@\"'/]{4,80})@"
CONNECTION = (
    r"(?im)(?:[;?&]|(?:user(?:name|[ _]?id)?|uid|server|host|data source|database)=[^\r\n\"']{1,300}[;?&])[ \t]?"
    r"(?:password|pwd|passwd|accountkey|sharedaccesskey)[ \t]?=[ \t]?"
    r"(?P<secret>[^\s;&\"'\x60<>]{4,160})(?:[;&\"'\x60<\s]|$)"
)
JDBC_USER = r"(?i)\bjdbc:[a-z0-9]{2,20}://[^\s/:@\"'<>]{1,80}:(?P<secret>[^\s/@\"'<>]{4,120})@[\w.-]"

_NAMED = (
    "pass", "pwd", "psw", "secret", "token", "cred",
    *(f"{kind}{joint}key" for kind in _KINDS.split("|") for joint in ("", "_", ".", "-")),
)  # fmt: skip
"""In each of the names, one of these stands."""
_PASSWORD_SHAPES = (
    (ASSIGNED, Style.QUOTED, _NAMED),
    (BARE, Style.BARE, _NAMED),
    (SPACED, Style.BARE, ("pass", "secret", "token")),
    (ELEMENT, Style.ELEMENT, ("</",)),
    (NAMED_ELEMENT, Style.ELEMENT, ("</",)),
    (CALLED, Style.QUOTED, ("getconnection", "_connect", "basicauth", "basic_auth", "digestauth", "usernamepassword")),
    (COMMAND, Style.COMMAND, ("pass", "mysql", "--token", "--secret", "--api-key", "curl")),
    (SQL, Style.QUOTED, ("identified", "password")),
    (HEADER, Style.COMMAND, ("authorization",)),
)
_ADDRESS_SHAPES = (
    (URL, ("://",)),
    (DSN, ("@tcp(", "@unix(")),
    (ORACLE, ("jdbc:oracle:",)),
    (CONNECTION, ("password", "pwd", "passwd", "accountkey", "sharedaccesskey")),
    (JDBC_USER, ("jdbc:",)),
)
_NAME_BEFORE = lazy_pattern(rb"[\w.$/-]*\Z")
_ONLY_BLANKS = lazy_pattern(rb"\w+[ \t]+\\?[\"'`]\Z")
_BARE_NAME = lazy_pattern(rb"^[\w.-]+")


def password_patterns() -> list[tuple[Pattern, Style]]:
    """Shapes of the ``password`` heuristic."""
    return [
        (Pattern(f"password-{at}", regex, keywords), style)
        for at, (regex, style, keywords) in enumerate(_PASSWORD_SHAPES)
    ]


def address_patterns() -> list[tuple[Pattern, Style]]:
    """Shapes of the ``url`` heuristic."""
    return [
        (Pattern(f"url-{at}", regex, keywords), Style.ADDRESS) for at, (regex, keywords) in enumerate(_ADDRESS_SHAPES)
    ]


def judge(content: bytes, hit: Hit, *, regex: str, style: Style, place: Place) -> Confidence | None:
    """The verdict of the second tier on one candidate."""
    value = content[hit.secret_start : hit.secret_end].decode("utf-8", "replace").rstrip("\\").strip()
    if regex == HEADER:
        return _judge_header(content, hit, value, place=place)
    if regex in (COMMAND, SQL, CALLED):
        return judge_assignment("password", value, style=Style.QUOTED, place=place)
    if style is Style.ADDRESS:
        user, host = _user_and_host(content, hit)
        return judge_address(user, value, host, place=place)
    name = _name(content, hit)
    if name.lower() == "pass" and style is Style.QUOTED and _ONLY_BLANKS.match(content[hit.start : hit.secret_start]):
        return None  # prose: pass `--quiet` to ...
    if name == "PASS" and style is Style.BARE and b":" in content[hit.start : hit.secret_start]:
        return None  # the verdict of a test run
    return judge_assignment(name, value, style=style, place=place)


def judge_loose(content: bytes, hit: Hit, *, place: Place) -> Confidence | None:
    """The verdict on a match of a pattern that takes any value under a promising name or in a header."""
    value = content[hit.secret_start : hit.secret_end].decode("utf-8", "replace")
    before = content[hit.start : hit.secret_start].lower()
    if b"authorization" in before:
        return _judge_header(content, hit, value, place=place)
    if b"curl" in before:
        return judge_assignment("password", value.rpartition(":")[2], style=Style.QUOTED, place=place)
    quoted = before[-1:] in (b'"', b"'", b"`")
    return judge_generic(_name(content, hit), value, style=Style.QUOTED if quoted else Style.BARE, place=place)


def _judge_header(content: bytes, hit: Hit, value: str, *, place: Place) -> Confidence | None:
    """A Basic header holds ``user:password`` in base64 (RFC 7617); what is inside is judged."""
    if b"basic" not in content[hit.start : hit.secret_start].lower():
        return judge_assignment("token", value, style=Style.QUOTED, place=place)
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return judge_address(user, password, "", place=place) if colon else None


def _name(content: bytes, hit: Hit) -> str:
    """The name the value is given to: letters left of the match belong to it (``db`` of ``dbPassword``)."""
    before = _NAME_BEFORE.search(content[max(0, hit.start - 60) : hit.start])
    prefix = before.group() if before else b""
    text = content[hit.start : hit.secret_start]
    if text.startswith(b"<") or text[:4].lower() == b"name":
        text = text.lstrip(b"<").rsplit(b"name=", 1)[-1].strip(b"\"' ")
        prefix = b""
    own = _BARE_NAME.match(text)
    return (prefix + (own.group() if own else text)).decode("utf-8", "replace")


def _user_and_host(content: bytes, hit: Hit) -> tuple[str, str]:
    before = content[hit.start : hit.secret_start].decode("utf-8", "replace")
    after = content[hit.secret_end : hit.secret_end + 80].decode("utf-8", "replace")
    user = before.rpartition("//")[2].rstrip(":/") if "//" in before else ""
    host = re.split(r"[/:?\"'\s]", after[1:], maxsplit=1)[0] if after.startswith("@") else ""
    return user, host
