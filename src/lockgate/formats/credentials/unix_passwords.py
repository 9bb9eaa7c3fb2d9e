"""Unix shadow and passwd-like files with hashes, those of FTP servers among them (shadow(5), passwd(5), crypt(5))."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("shadow", text)
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.strip().split(":")
        if line.startswith("#") or len(fields) < 3 or not _is_hash(fields[1]):
            continue
        collector.add("password hash", fields[1], number, user=fields[0])
    return collector.done()


def _is_hash(text: str) -> bool:
    """A crypt(5) hash: ``$id$...``, ``_...`` of BSD, or thirteen characters of DES; not a locked or shadowed one."""
    bare = text.lstrip("!")
    return (bare.startswith("$") and bare.count("$") >= 2 and len(bare) >= 13) or (
        len(bare) in (13, 20) and bare.replace(".", "a").replace("/", "a").replace("_", "a").isalnum()
    )


READER = CredentialReader(
    paths(
        *("shadow", "shadow-", "gshadow", "gshadow-", "master.passwd", "passwd", "passwd-", "proftpdpasswd"),
        *["proftpd.passwd", "ftpd.passwd", "pureftpd.passwd", "vsftpd.passwd", "opasswd", "smbpasswd"],
        endings=(".shadow",),
    ),
    _read,
)
