"""Credentials inside other texts: ``scheme://user:password@host``, JDBC addresses, connection strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from urllib.parse import unquote

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern

# Every part excludes what ends it and is bounded, so a scan is linear.
_URL = lazy_pattern(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://([^\s:@/?#'\"<>]{0,200})"
    r":([^\s@/'\"<>]{1,400})@([^\s/:?#'\"<>]{1,255})"
)
_QUERY = lazy_pattern(r"(?i)[?&;](user|username|password|pwd)=([^&;\s'\"<>]{1,400})")
_ORACLE = lazy_pattern(r"jdbc:oracle:thin:([^\s/@:'\"]{1,200})/([^\s@'\"]{1,200})@/{0,2}([^\s/:'\"]{1,255})")
_JDBC = lazy_pattern(r"jdbc:[a-z][a-z0-9:+-]{1,40}://?[^\s'\"<>]{1,2000}")
_PAIR = lazy_pattern(
    r"(?i)(?:^|[;\"'\s])((?:password|pwd|accountkey|sharedaccesskey|sharedsecretvalue|sharedaccesssignature"
    r"|accesskey|primarykey|secondarykey|clientsecret))"
    r"\s{0,3}=\s{0,3}(\"[^\"]{1,1000}\"|'[^']{1,1000}'|[^;\"'<>\r\n]{1,2000})"
)
_USER = lazy_pattern(
    r"(?i)(?:^|[;\"'\s])(?:user id|uid|user|username|accountname|sharedaccesskeyname)"
    r"\s{0,3}=\s{0,3}([^;\"'<>\r\n]{1,300})"
)
_HOST = lazy_pattern(
    r"(?i)(?:^|[;\"'\s])(?:server|data source|host|endpoint|address)\s{0,3}=\s{0,3}([^;\"'<>\r\n]{1,300})"
)
_CONNECTION_MARK = lazy_pattern(
    r"(?i)(?:server|data source|host|database|initial catalog|endpoint|accountname|user id|uid|provider"
    r"|defaultendpointsprotocol|authority|clientid|appid)\s{0,3}="
)


@dataclass(frozen=True, slots=True)
class Found:
    """A password within a text."""

    key: str
    value: str = field(repr=False)
    start: int
    """Where the value begins, in characters."""
    user: str = ""
    host: str = ""


def in_urls(text: str) -> Iterator[Found]:
    """Passwords of the addresses in a text, decoded of per-cent signs; JDBC ones among them."""
    for match in _URL.finditer(text):
        yield Found("url", unquote(match.group(2)), match.start(2), unquote(match.group(1)), match.group(3))
    if "jdbc:" not in text:
        return
    for match in _ORACLE.finditer(text):
        yield Found("jdbc", match.group(2), match.start(2), match.group(1), match.group(3))
    for match in _JDBC.finditer(text):
        yield from _in_query(match.group(), match.start())


def _in_query(address: str, offset: int) -> Iterator[Found]:
    pairs = [(part.group(1).lower(), part.group(2), part.start(2)) for part in _QUERY.finditer(address)]
    user = next((value for key, value, _ in pairs if key.startswith("user")), "")
    host = re.sub(r"^[^/]*//?", "", address)[:255].split("/")[0].split(";")[0].split("?")[0]
    for key, value, start in pairs:
        if key in ("password", "pwd"):
            yield Found("jdbc", unquote(value), offset + start, unquote(user), host)


def in_connection_string(text: str) -> Iterator[Found]:
    """Passwords and keys of an ADO.NET, ODBC or Azure connection string; nothing when the text is not one."""
    if "=" not in text or not _CONNECTION_MARK.search(text[:4000]):
        return
    user, host = _USER.search(text), _HOST.search(text)
    for match in _PAIR.finditer(text):
        raw = match.group(2)
        quoted = raw[0] in "\"'" and len(raw) > 1
        yield Found(
            match.group(1),
            raw[1:-1] if quoted else raw.strip(),
            match.start(2) + quoted,
            user.group(1).strip() if user else "",
            host.group(1).strip() if host else "",
        )
