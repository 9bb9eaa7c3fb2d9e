"""UUIDs (``uuid.parse``, ``uuid.rfc4122``) and URIs (``uri.parse``, ``uri.is_valid``)."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

from lockgate.policy.rego.builtins.contract import BuiltinError, Context, Function, string
from lockgate.policy.rego.builtins.encoding import unescaped
from lockgate.policy.rego.values import UNDEFINED, Value, bytes_of, key_of, quote

_HYPHENED: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_BARE: Final = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):", re.ASCII)
_PORT: Final = re.compile(r"(:[0-9]*)?", re.ASCII)
_GREGORIAN: Final = 122_192_928_000_000_000
_DOMAINS: Final = ("Person", "Group", "Org")
_USER: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", re.ASCII)
# The escapes that Go leaves alone in a path, and the bytes that it lets stand in a host.
_PATH_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_HOST_REFUSED: Final = frozenset(" #/?@\\^`{|}")


def uuid_parse(text: Value) -> Value:
    """Version and variant, and what versions 1 and 2 tell besides; undefined when it is no UUID."""
    data = _uuid(string(text, 1))
    if data is None:
        return UNDEFINED
    version = data[6] >> 4
    parsed: dict[str, Any] = {"version": version, "variant": _variant(data[8])}
    if version in (1, 2):
        ticks = int.from_bytes(data[:4], "big") | int.from_bytes(data[4:6], "big") << 32
        ticks |= (int.from_bytes(data[6:8], "big") & 0x0FFF) << 48
        parsed |= {
            "time": (ticks - _GREGORIAN) * 100,
            "nodeid": data[10:].hex("-"),
            "macvariables": f"{'local' if data[10] & 2 else 'global'}:{'multicast' if data[10] & 1 else 'unicast'}",
            "clocksequence": int.from_bytes(data[8:10], "big") & 0x3FFF,
        }
    if version == 2:
        domain = data[9]
        parsed["id"] = int.from_bytes(data[:4], "big")
        parsed["domain"] = _DOMAINS[domain] if domain < len(_DOMAINS) else f"Domain{domain}"
    return parsed


def uuid_rfc4122(context: Context, name: Value) -> Value:
    """A random UUID, the same for the same name all through one evaluation."""
    if context.random is None:
        raise BuiltinError("uuid.rfc4122: no source of random numbers is given")
    key = ("uuid.rfc4122", key_of(name))
    if key not in context.memory:
        data = bytearray(context.random.randbytes(16))
        data[6] = data[6] & 0x0F | 0x40
        data[8] = data[8] & 0x3F | 0x80
        text = data.hex()
        context.memory[key] = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    return context.memory[key]


def uri_parse(text: Value) -> Value:
    """Those of scheme, hostname, port, path, raw_path, raw_query and fragment that are there."""
    whole = string(text, 1)
    try:
        return _uri(whole)
    except BuiltinError as error:
        raise BuiltinError(f"parse {quote(whole)}: {error}") from None


def uri_is_valid(text: Value) -> Value:
    if not isinstance(text, str) or not text:
        return False
    try:
        _uri(text)
    except BuiltinError:
        return False
    return True


def _uuid(text: str) -> bytes | None:
    if len(text) == 45 and text[:9].lower() == "urn:uuid:":
        text = text[9:]
    elif len(text) == 38:
        # As in Go's package, whatever two characters surround it.
        text = text[1:-1]
    elif len(text) == 32:
        return bytes.fromhex(text) if _BARE.fullmatch(text) else None
    return bytes.fromhex(text.replace("-", "")) if _HYPHENED.fullmatch(text) else None


def _variant(byte: int) -> str:
    if byte & 0xC0 == 0x80:
        return "RFC4122"
    if byte & 0xE0 == 0xC0:
        return "Microsoft"
    return "Future" if byte & 0xE0 == 0xE0 else "Reserved"


def _uri(text: str) -> dict[str, str]:
    """By the rules of Go's ``url.Parse``."""
    rest, _, fragment = text.partition("#")
    if any(c < " " or c == "\x7f" for c in rest):
        raise BuiltinError("invalid control character in URL")
    found: dict[str, str] = {}
    if rest == "*":
        return _with_path(found, "*", fragment)
    if rest.startswith(":"):
        raise BuiltinError("missing protocol scheme")
    scheme = _SCHEME.match(rest)
    if scheme:
        found["scheme"] = scheme[1].lower()
        rest = rest[scheme.end() :]
    rest, _, query = rest.partition("?")
    if query:
        found["raw_query"] = query
    opaque = not rest.startswith("/")
    if opaque and scheme:
        return _with_fragment(found, fragment)
    if opaque and ":" in rest.partition("/")[0]:
        raise BuiltinError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        _authority(authority, found)
    return _with_path(found, rest, fragment)


def _authority(authority: str, found: dict[str, str]) -> None:
    user, at, host = authority.rpartition("@")
    if at:
        if not _USER.fullmatch(user):
            raise BuiltinError("net/url: invalid userinfo")
        unescaped(user)
    name, port = _host(host, web=found.get("scheme") in ("http", "https"))
    if name:
        found["hostname"] = name
    if port:
        found["port"] = port


def _host(host: str, *, web: bool) -> tuple[str, str]:
    bracket = host.rfind("[")
    if bracket > 0:
        raise BuiltinError("invalid IP-literal")
    if bracket == 0:
        return _literal_host(host)
    colon = host.find(":") if web else host.rfind(":")
    port = host[colon:] if colon >= 0 else ""
    if not _PORT.fullmatch(port):
        raise BuiltinError(f"invalid port {quote(port)} after host")
    return _unescaped_host(host[: len(host) - len(port)]), port[1:]


def _literal_host(host: str) -> tuple[str, str]:
    end = host.rfind("]")
    if end < 0:
        raise BuiltinError("missing ']' in host")
    port = host[end + 1 :]
    if not _PORT.fullmatch(port):
        raise BuiltinError(f"invalid port {quote(port)} after host")
    address, percent, zone = host[1:end].partition("%25")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        raise BuiltinError("invalid host") from None
    if percent and not zone:
        raise BuiltinError("invalid host")
    return address + (f"%{unescaped(zone)}" if percent else ""), port[1:]


def _unescaped_host(name: str) -> str:
    if any(c in _HOST_REFUSED for c in name):
        raise BuiltinError("invalid character in host name")
    for escape in name.split("%")[1:]:
        # Only bytes that are not ASCII may be escaped in a host, and the percent sign.
        if escape[:1] < "8" and escape[:2] != "25":
            raise BuiltinError(f'invalid URL escape "%{escape[:2]}"')
    return unescaped(name)


def _with_path(found: dict[str, str], path: str, fragment: str) -> dict[str, str]:
    if path:
        plain = unescaped(path)
        found["path"] = plain
        found["raw_path"] = path if path != escaped_path(plain) else plain
    return _with_fragment(found, fragment)


def escaped_path(plain: str) -> str:
    """The path with percent escapes where Go writes them."""
    return "".join(chr(byte) if byte < 0x80 and chr(byte) in _PATH_SAFE else f"%{byte:02X}" for byte in bytes_of(plain))


def _with_fragment(found: dict[str, str], fragment: str) -> dict[str, str]:
    if fragment:
        found["fragment"] = unescaped(fragment)
    return found


FUNCTIONS: Final[dict[str, Function]] = {
    "uuid.parse": uuid_parse,
    "uri.parse": uri_parse,
    "uri.is_valid": uri_is_valid,
}
WITH_CONTEXT: Final[dict[str, Function]] = {"uuid.rfc4122": uuid_rfc4122}
