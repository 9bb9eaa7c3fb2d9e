"""Files of network services whose fields are known by their place: chap-secrets, ipsec.secrets, snmpd.conf, ...

Sources: pppd(8), ipsec.secrets(5) of strongSwan, Postfix' SASL_README, rsyncd.conf(5), snmpd.conf(5), nslcd.conf(5),
slapd.conf(5), redis.conf, mount.cifs(8), wpa_supplicant.conf(5), nm-settings-keyfile(5).
"""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.lazy_pattern import lazy_pattern

_QUOTED = r"(?:\"([^\"\n]{1,300})\"|([^\s\"#]{1,300}))"
_SNMP_USER = r"\s{0,9}createUser\s{1,9}(?:-e\s{1,9}\S{1,80}\s{1,9})?\S{1,80}\s{1,9}(?:MD5|SHA\S{0,6})\s{1,9}"
_LINES: Mapping[str, tuple[str, ...]] = {
    "chap-secrets": (rf"\s{{0,9}}{_QUOTED}\s{{1,30}}{_QUOTED}\s{{1,30}}{_QUOTED}",),
    "ipsec.secrets": (rf"[^#\n]{{0,300}}:\s{{0,9}}(?:PSK|XAUTH|EAP|NTLM|RSA\s{{1,9}}\S{{1,99}})\s{{1,9}}{_QUOTED}",),
    "sasl_passwd": (r"\s{0,9}\S{1,200}\s{1,30}[^\s:]{1,200}:(\S{1,300})",),
    "rsyncd.secrets": (r"\s{0,9}[^\s:#]{1,100}:(\S{1,300})",),
    "snmpd.conf": (
        rf"{_SNMP_USER}{_QUOTED}",
        rf"{_SNMP_USER}\S{{1,300}}\s{{1,9}}(?:DES|AES\S{{0,4}})\s{{1,9}}{_QUOTED}",
        r"\s{0,9}(?:rocommunity6?|rwcommunity6?|trapcommunity)\s{1,9}(\S{1,100})",
    ),
    "directory": (rf"\s{{0,9}}(?:bindpw|rootpw|rootpwmodpw|tls_reqpw|sasl_secret)\s{{1,9}}{_QUOTED}",),
    "store": (
        r"\s{0,9}(?:requirepass|masterauth|sentinel\s{1,9}auth-pass\s{1,9}\S{1,80})\s{1,9}\"?([^\s\"]{1,300})",
    ),
    "fstab": (r"[^#\n]{0,400}[\s,](?:password|passwd|pass)=([^\s,]{1,200})",),
    "wireless": (
        r"\s{0,40}(?:psk|password|wep[_-]key\d|leap-password|private_key_passwd|sae_password)"
        r"\s{0,9}=\s{0,9}\"?([^\"\n]{1,200})",
    ),
    "device": (
        r"\s{0,9}enable\s{1,9}(?:secret|password)\s{1,9}(?:level\s{1,9}\d{1,2}\s{1,9})?(?:\d\s{1,9})?(\S{4,200})",
        r"\s{0,9}username\s{1,9}\S{1,80}\s{1,9}(?:privilege\s{1,9}\d{1,2}\s{1,9})?(?:secret|password)\s{1,9}(?:\d\s{1,9})?(\S{4,200})",
        r"\s{0,9}snmp-server\s{1,9}community\s{1,9}(\S{4,100})",
        r"\s{0,9}(?:tacacs-server|radius-server)\s{1,9}key\s{1,9}(?:\d\s{1,9})?(\S{4,100})",
    ),
}  # fmt: skip
"""How a line of each kind looks. Groups hold the secret, or all fields of which the last but an address is it."""
_PATTERNS = {kind: tuple(lazy_pattern(rf"(?i){line}") for line in lines) for kind, lines in _LINES.items()}
_KIND_OF = {
    "pap-secrets": "chap-secrets", "l2tp-secrets": "chap-secrets", "sasl_passwd": "sasl_passwd",
    "passwd.client": "sasl_passwd", "nslcd.conf": "directory", "slapd.conf": "directory", "ldap.conf": "directory",
    "ldap.secret": "directory", "redis.conf": "store", "sentinel.conf": "store", "rsyncd.secrets": "rsyncd.secrets",
    "rsync.secrets": "rsyncd.secrets", "chap-secrets": "chap-secrets", "ipsec.secrets": "ipsec.secrets",
    "snmpd.conf": "snmpd.conf", "fstab": "fstab", "wpa_supplicant.conf": "wireless",
    "swanctl.secrets": "ipsec.secrets",
}  # fmt: skip
_DEVICE_MARKS = (b"enable secret", b"enable password", b"snmp-server community", b" password 7 ", b" secret 5 ")


def _kind(path: str) -> str:
    name = path.lower().rpartition("/")[2]
    return _KIND_OF.get(name) or ("wireless" if name.endswith(".nmconnection") else "device")


def _may_hold(content: bytes) -> bool:
    return len(content) < 1_000_000


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    kind = _kind(path)
    if kind == "device" and not any(mark in content for mark in _DEVICE_MARKS):
        return ()
    text = text_of(content)
    collector = Collector("service-secrets", text)
    for number, line in enumerate(collector.lines, 1):
        if len(line) > 4000 or line.lstrip().startswith(("#", ";", "!")):
            continue
        for pattern in _PATTERNS[kind]:
            match = pattern.match(line)
            value = match and next((group for group in reversed(match.groups()) if group), "")
            if value:
                collector.add(kind, value.strip(), number)
    return collector.done()


READER = CredentialReader(
    paths(*_KIND_OF, endings=(".nmconnection", ".cfg", ".ios", ".confg"), starts=("running-config", "startup-config")),
    _read,
    _may_hold,
)
