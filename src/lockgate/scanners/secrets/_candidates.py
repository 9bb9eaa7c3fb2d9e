"""Candidates of the second tier: the patterns of its shapes, and what each shape asks before a value is judged."""

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
    judge_foreign,
    judge_generic,
    judge_prose,
)
from lockgate.scanners.secrets._shapes import (
    ACCOUNT,
    ADDRESS_SHAPES,
    CALLED,
    COMMAND,
    ENDS,
    FOREIGN,
    HEADER,
    NAMED_VALUE,
    OPTION,
    PASSWORD_SHAPES,
    PIPED,
    PROSE,
    SQL,
)  # fmt: skip

_BEFORE = 60
"""Bytes before a match that are looked at."""
_AFTER = 80
"""Bytes after a secret that are looked at."""
_OF_NAMES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$/-"
_ONLY_BLANKS = lazy_pattern(rb"\w+[ \t]+\\?[\"'`]\Z")
_NAMED_BY = lazy_pattern(rb"[\"']?\w+[\"']?[ \t]*[:=][ \t]*[\"']?([\w.-]+)")
_PASS_ON = lazy_pattern(r"(?i)(?:^|[^a-z])pass$|^(?:secret|token)s?$")
_TYPE = lazy_pattern(rb"[\"']\w+::[\w:]*\Z")
_BARE_NAME = lazy_pattern(rb"^[\w.-]+")


def password_patterns() -> list[tuple[Pattern, Style]]:
    """Shapes of the ``password`` heuristic."""
    return [
        (Pattern(f"password-{at}", regex, keywords, ends=ENDS.get(regex, "")), style)
        for at, (regex, style, keywords) in enumerate(PASSWORD_SHAPES)
    ]


def address_patterns() -> list[tuple[Pattern, Style]]:
    """Shapes of the ``url`` heuristic."""
    return [
        (Pattern(f"url-{at}", regex, keywords), Style.ADDRESS) for at, (regex, keywords) in enumerate(ADDRESS_SHAPES)
    ]


def what_decides(content: bytes, hit: Hit) -> tuple[int, int]:
    """Begin and end of all that ``judge`` and ``judge_loose`` look at: the match, and what is near it on its lines."""
    left, right = max(0, hit.start - _BEFORE), max(hit.end, hit.secret_end + _AFTER)
    line_end = content.find(b"\n", hit.end, right)
    return max(left, content.rfind(b"\n", left, hit.start) + 1), right if line_end < 0 else line_end


def judge(content: bytes, hit: Hit, *, regex: str, style: Style, place: Place) -> Confidence | None:
    """The verdict of the second tier on one candidate."""
    value = content[hit.secret_start : hit.secret_end].decode("utf-8", "replace").rstrip("\\").strip()
    if regex == HEADER:
        return _judge_header(content, hit, value, place=place)
    if _is_type(content, hit):
        return None
    if regex in (PROSE, ACCOUNT):
        if content.startswith(b"PASS:", hit.start):
            return None  # the verdict of a test run
        return judge_prose(value, place=place)
    if regex in (COMMAND, OPTION, PIPED, SQL, CALLED):
        return judge_assignment("password", value, style=Style.QUOTED, place=place)
    if style is Style.ADDRESS:
        user, host = _user_and_host(content, hit)
        return judge_address(user, value, host, place=place)
    if regex == FOREIGN:
        quoted = content[hit.secret_start - 1 : hit.secret_start] in (b'"', b"'", b"`")
        return judge_foreign(value, style=Style.QUOTED if quoted else Style.BARE, place=place)
    if regex == NAMED_VALUE:
        named = _NAMED_BY.match(content[hit.start : hit.secret_start])
        return judge_assignment(named.group(1).decode("latin-1") if named else "", value, style=style, place=place)
    name = _name(content, hit)
    if _PASS_ON.search(name) and style is Style.QUOTED and _ONLY_BLANKS.match(content[hit.start : hit.secret_start]):
        return None  # prose: pass `--quiet` to ..., the secret "shop1"
    if name == "PASS" and style is Style.BARE and b":" in content[hit.start : hit.secret_start]:
        return None  # the verdict of a test run
    return judge_assignment(name, value, style=style, place=place)


def judge_loose(content: bytes, hit: Hit, *, place: Place) -> Confidence | None:
    """The verdict on a match of a pattern that takes any value under a promising name or in a header."""
    value = content[hit.secret_start : hit.secret_end].decode("utf-8", "replace")
    before = content[hit.start : hit.secret_start].lower()
    if _is_type(content, hit):
        return None
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


def _is_type(content: bytes, hit: Hit) -> bool:
    """Whether the name is the end of a type: ``"AWS::ApiGateway::ApiKey"``."""
    before = content[max(0, hit.start - _BEFORE) : hit.start]
    return b"::" in before and _TYPE.search(before) is not None


def _name(content: bytes, hit: Hit) -> str:
    """The name the value is given to: letters left of the match belong to it (``db`` of ``dbPassword``)."""
    before = content[max(0, hit.start - _BEFORE) : hit.start]
    prefix = before[len(before.rstrip(_OF_NAMES)) :]
    text = content[hit.start : hit.secret_start]
    if text.startswith(b"<") or text[:4].lower() == b"name":
        text = text.lstrip(b"<").rsplit(b"name=", 1)[-1].strip(b"\"' ")
        prefix = b""
    own = _BARE_NAME.match(text)
    return (prefix + (own.group() if own else text)).decode("utf-8", "replace")


def _user_and_host(content: bytes, hit: Hit) -> tuple[str, str]:
    before = content[hit.start : hit.secret_start].decode("utf-8", "replace")
    after = content[hit.secret_end : hit.secret_end + _AFTER].decode("utf-8", "replace")
    user = before.rpartition("//")[2].rstrip(":/") if "//" in before else ""
    host = re.split(r"[/:?\"'\s]", after[1:], maxsplit=1)[0] if after.startswith("@") else ""
    return user, host
