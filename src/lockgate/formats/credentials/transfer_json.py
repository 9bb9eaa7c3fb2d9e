"""Editor plug-ins that upload by FTP or SFTP: Sublime SFTP, VS Code SFTP, remote-sync, remote-ftp, sftp-deployment."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import Leaf, json_leaves
from lockgate.model import Confidence

_PASSWORDS = frozenset(
    {"password", "pass", "passphrase", "ssh_key_passphrase", "ftp_password", "sftp_password", "passwd"}
)
_USERS = ("user", "username", "login", "ftp_user")
_HOSTS = ("host", "hostname", "server")
_TELLING = ("/.ftpconfig", "/deployment-config.json")
"""Files that hold the whole door: there, host and user beside a password are a part of what leaks."""


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    leaves = json_leaves(content)
    by_path = {leaf.path: leaf for leaf in leaves}
    collector = Collector("transfer-client", text_of(content))
    telling = ("/" + path.lower()).endswith(_TELLING)
    doors: set[tuple[str | int, ...]] = set()
    for leaf in leaves:
        if leaf.key.lower() not in _PASSWORDS:
            continue
        above = leaf.path[:-1]
        user, host = _beside(by_path, above, _USERS), _beside(by_path, above, _HOSTS)
        before = len(collector.done())
        collector.add(leaf.key, leaf.value, leaf.line, user=user.value if user else "", host=host.value if host else "")
        if telling and len(collector.done()) > before and above not in doors:
            doors.add(above)
            _add_door(collector, user, host)
    return collector.done()


def _add_door(collector: Collector, user: Leaf | None, host: Leaf | None) -> None:
    for leaf in (user, host):
        if leaf:
            collector.add(leaf.key, leaf.value, leaf.line, at_most=Confidence.LOW, kind="transfer-client-account")


def _beside(
    by_path: dict[tuple[str | int, ...], Leaf], above: tuple[str | int, ...], names: tuple[str, ...]
) -> Leaf | None:
    return next((by_path[(*above, name)] for name in names if (*above, name) in by_path), None)


READER = CredentialReader(
    paths(
        *("sftp.json", "sftp-config.json", ".remote-sync.json", ".ftpconfig", "deployment-config.json"),
        *("ftpsync.settings", ".ftppass", "sftp-config-alt.json", ".ftp-deploy.json", "ftp-sync.json", ".sftpconfig"),
        *("sync.rsync-settings.json", ".ftp-sync.json", "ftpconfig.json", "sftp-settings.json"),
        endings=(".ftpconfig",),
    ),
    _read,
)
