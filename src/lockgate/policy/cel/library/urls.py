"""Kubernetes' url library: what Go's ``net/url`` accepts as a request URI, and its parts."""

from __future__ import annotations

from urllib.parse import quote, unquote

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.metering import charge
from lockgate.policy.cel.values import CelError, Opaque

_SCHEME = lazy_pattern(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = lazy_pattern(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = lazy_pattern(r"%(?![0-9A-Fa-f]{2})")
_HOST = lazy_pattern(r"[A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>\"%\x80-\U0010ffff]*")
_PORT = lazy_pattern(r"(?::[0-9]*)?")
_ENCODED = lazy_pattern(r"[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]/%]*")
_USER = lazy_pattern(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_KEPT_IN_PATH = "/$&+,:;=@~"
_LONGEST = 100_000


class URL(Opaque):
    """A parsed URL."""

    __slots__ = ("host", "path", "query", "rest", "scheme")
    TYPE = "kubernetes.URL"

    def __init__(self, scheme: str, host: str, path: str, query: str, rest: str) -> None:
        self.scheme = scheme
        self.host = host
        self.path = path
        self.query = query
        self.rest = rest

    def _key(self) -> tuple[str, ...]:
        return self.scheme, self.host, self.path, self.query, self.rest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def parse_url(text: str) -> URL:
    """An absolute URI or an absolute path; anything else is an error."""
    charge(len(text))
    if not text or len(text) > _LONGEST or _CONTROL.search(text):
        raise _error(text, "it is empty, too long or holds control characters")
    body, _, fragment = text.partition("#")
    match = _SCHEME.match(body)
    scheme, rest = (match[1].lower(), body[match.end() :]) if match else ("", body)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if not scheme:
            raise _error(text, "it is neither absolute nor a path")
        return URL(scheme, "", "", query, f"{rest}#{fragment}")  # opaque, as mailto:someone
    user = host = ""
    if scheme and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        user, _, host = authority.rpartition("@")
        _check_authority(text, user, host)
    if _BAD_ESCAPE.search(rest) or _BAD_ESCAPE.search(fragment):
        raise _error(text, "a percent sign is not followed by two hexadecimal digits")
    return URL(scheme, unquote(host), _escaped(rest), query, f"{user}#{fragment}")


def _error(text: str, reason: str) -> CelError:
    return CelError(f"URL parse error during conversion from string: {text[:80]!r}: {reason}")


def _check_authority(text: str, user: str, host: str) -> None:
    if not _USER.fullmatch(user) or _BAD_ESCAPE.search(user):
        raise _error(text, "the user information is not valid")
    if not _HOST.fullmatch(host) or _BAD_ESCAPE.search(host):
        raise _error(text, "the host holds characters that none may")
    end = host.rfind("]") if host.startswith("[") else host.rfind(":") - 1
    if host.startswith("[") and end < 0:
        raise _error(text, "a bracket is not closed")
    port = host[end + 1 :] if host.startswith("[") or (end >= -1 and ":" in host) else ""
    if not _PORT.fullmatch(port):
        raise _error(text, "the port is no number")


def _escaped(path: str) -> str:
    return path if _ENCODED.fullmatch(path) else quote(unquote(path), safe=_KEPT_IN_PATH)


def _split(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    if not colon or not (port == "" or port.isdecimal()) or (host.startswith("[") and not name.endswith("]")):
        name, port = host, ""
    return (name[1:-1] if name.startswith("[") and name.endswith("]") else name), port


def _query(value: URL) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in value.query.split("&"):
        if not pair or ";" in pair or _BAD_ESCAPE.search(pair):
            continue
        key, _, content = pair.partition("=")
        found.setdefault(unquote(key.replace("+", " ")), []).append(unquote(content.replace("+", " ")))
    charge(len(value.query))
    return found


def _is_url(text: str) -> bool:
    try:
        parse_url(text)
    except CelError:
        return False
    return True


LIBRARY = [
    function("url", "string", do=parse_url),
    function("isURL", "string", do=_is_url, result="bool"),
    method("getScheme", URL.TYPE, do=lambda value: value.scheme, result="string"),
    method("getHost", URL.TYPE, do=lambda value: value.host, result="string"),
    method("getHostname", URL.TYPE, do=lambda value: _split(value.host)[0], result="string"),
    method("getPort", URL.TYPE, do=lambda value: _split(value.host)[1], result="string"),
    method("getEscapedPath", URL.TYPE, do=lambda value: value.path, result="string"),
    method("getQuery", URL.TYPE, do=_query, result="map"),
]
