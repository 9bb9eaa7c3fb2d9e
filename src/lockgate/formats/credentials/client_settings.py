"""Settings of mail, chat, voice and sync programs that keep a password, a line each: msmtp, irssi, Ventrilo, ..."""

from __future__ import annotations

import re

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini, unquoted
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._values import names_secret
from lockgate.lazy_pattern import lazy_pattern

_WORDS = lazy_pattern(
    r"\s{0,40}(?:set\s{1,5})?([A-Za-z][\w.-]{0,80}(?:password|passwd|pass|passphrase)|password|passwd|pass|passphrase)"
    r"(?:\s{0,10}=\s{0,10}|\s{1,10})(\"[^\"\n]{1,300}\"|'[^'\n]{1,300}'|[^\s;,]{1,300})",
    re.IGNORECASE,
)
_NETWORK = lazy_pattern(
    r"(?i)/(?:msg\s{1,5})?(?:nickserv|identify|auth)\s{1,5}(?:identify\s{1,5})?(?:\S{1,60}\s{1,5})?([^\s\";,]{3,100})"
)
_WITHIN = lazy_pattern(
    r"(?i)\s(?:password|pass)\s{1,9}(?:is\s{1,9})?"
    r"(?:\"([^\"\n]{1,300})\"|'([^'\n]{1,300})'|([^\s;,\"']{3,300}))"
)
"""fetchmail puts a whole account in one line."""
_PAIR = lazy_pattern(
    r"\s{0,9}(?:-u\s{0,9}|-U\s{0,9}|(?:--)?(?:proxy-)?user\s{0,9}[=:\s]\s{0,9})[\"']?[^\s:\"']{1,100}:([^\s\"']{1,300})"
)
"""curl: ``user = "name:password"``."""
_KEYS = frozenset(
    ["adminpassword", "password", "sasl_password", "autosendcmd", "server_password", "adminpass", "icesecretwrite",
     "icesecretread", "serverpassword"]
)  # fmt: skip


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("client-settings", text)
    seen: set[int] = set()
    name = path.lower().rpartition("/")[2]
    inner = _PAIR if name.endswith("curlrc") else _WITHIN if name.endswith("fetchmailrc") else None
    for item in ini(text, comments="#;/"):
        if item.name.lower() in _KEYS or names_secret(item.name):
            collector.add(item.name, unquoted(item.value.rstrip(";, ")), item.line)
            seen.add(item.line)
    for number, line in enumerate(collector.lines, 1):
        if number in seen or len(line) > 20_000 or line.lstrip().startswith(("#", ";", "//")):
            continue
        match = _WORDS.match(line)
        if match:
            collector.add(match.group(1), unquoted(match.group(2)), number)
        for found in inner.finditer(line) if inner else ():
            collector.add("password", next(group for group in found.groups() if group), number)
        for command in _NETWORK.finditer(line):
            collector.add("nickserv", command.group(1), number)
    return collector.done()


READER = CredentialReader(
    paths(
        *("ventrilo_srv.ini", ".esmtprc", "esmtprc", ".msmtprc", "msmtprc", ".fetchmailrc", "fetchmailrc", ".mbsyncrc"),
        *(".offlineimaprc", ".muttrc", "muttrc", ".neomuttrc", "irc.conf", "sec.conf", "weechat.conf", ".ircrc"),
        *("znc.conf", "sasl_passwd", "smbcredentials", ".smbcredentials", "wgetrc", ".wgetrc", ".curlrc", "curlrc"),
        *(
            "mumble-server.ini",
            "murmur.ini",
            "server.properties",
            "php.ini",
            "ssmtp.conf",
            "rsyncd.secrets",
            "wvdial.conf",
        ),
        *("redis.conf", "mosquitto.conf", "openvpn.auth", ".mailrc", "hexchat.conf", "servlist.conf"),
        starts=("account.",),
        tails=("/.irssi/config", "/irssi/config", "/.weechat/irc.conf"),
    ),
    _read,
)
