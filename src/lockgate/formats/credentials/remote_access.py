"""Settings of tunnels and remote desktops: OpenVPN, WireGuard, RDP.

Sources: openvpn(8), "inline file support"; wg(8); https://learn.microsoft.com/en-us/windows-server/remote/remote-desktop-services/clients/rdp-files
(``password 51:b:`` is sealed for one account of Windows, hence low).
"""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence

_RDP = lazy_pattern(r"(?i)(?:password 51:b|clear ?password:s|gatewaypassword:s|proxy password:s):(\S{1,4000})")
_WIREGUARD = lazy_pattern(r"(?i)\s{0,9}(PrivateKey|PresharedKey)\s{0,9}=\s{0,9}([A-Za-z0-9+/]{43}=)\s*\Z")


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("remote-access", text)
    name = path.lower().rpartition("/")[2]
    if name.endswith(".rdp"):
        for number, line in enumerate(collector.lines, 1):
            match = _RDP.match(line)
            if match:
                sure = Confidence.LOW if "51:b" in line else Confidence.HIGH
                collector.add(line.partition(":")[0], match.group(1), number, at_most=sure)
    elif name.endswith(".conf"):
        for number, line in enumerate(collector.lines, 1):
            match = _WIREGUARD.match(line.rstrip("\r"))
            if match:
                collector.add(match.group(1), match.group(2), number)
    elif name.endswith(".ovpn"):
        for number, line in enumerate(collector.lines, 1):
            if line.strip() == "<auth-user-pass>":  # user in the next line, password in the one after
                _add_line(collector, number + 2, "auth-user-pass")
    elif len(collector.lines) <= 4:  # the file that auth-user-pass names: user, then password
        _add_line(collector, 2, "auth-user-pass")
    return collector.done()


def _add_line(collector: Collector, number: int, key: str) -> None:
    if number <= len(collector.lines):
        value = collector.lines[number - 1].strip()
        if not value.startswith("<"):
            collector.add(key, value, number)


def _may_hold(content: bytes) -> bool:
    return len(content) < 1_000_000


READER = CredentialReader(
    paths(
        *("wg0.conf", "wg1.conf", "wireguard.conf", "wg.conf", "wg-client.conf"),
        endings=(".ovpn", ".rdp"),
        tails=(
            "/openvpn/auth.txt",
            "/openvpn/auth.conf.txt",
            "/openvpn/login.txt",
            "/openvpn/pass.txt",
            "/vpn/auth.txt",
        ),
    ),
    _read,
    _may_hold,
)
