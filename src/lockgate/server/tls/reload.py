"""Serving certificates that change under a running server, without a connection refused or cut.

Each new pair of files is loaded into a context of its own and must fit together; only then new handshakes take it.
Connections that stand keep what they began with. The swap happens in the server-name callback, which OpenSSL calls for
every handshake, with and without a name: a certificate and key that do not fit can so never be half taken up, as they
would be by ``load_cert_chain`` on the living context, and the kind of key may change.
"""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.server.tls.validity import validity

_Stamp = tuple[tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate chain and its key, as PEM files."""

    certificate: Path
    key: Path


class ReloadingContext:
    """``context`` is for the listener and stays the same object for its whole life."""

    def __init__(self, pair: Pair, *, client_authority: Path | None = None) -> None:
        """Raises ``SourceError`` when the files do not make a certificate to serve with.

        ``client_authority``: demand client certificates signed by it (an API server can be told to show one).
        """
        self._pair, self._client_authority = pair, client_authority
        self._stamp = self._stamped()
        self.context, _, self.expires = self._load()
        self._current = self.context
        self.context.sni_callback = self._choose

    def reload_if_changed(self) -> bool:
        """Whether a new pair was taken up; ``SourceError`` when there is one that cannot be, or that is over or not yet
        valid while the old one is: the old one goes on."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        fresh, begins, expires = self._load()
        now = time.time()
        if now < self.expires and not begins <= now < expires:
            raise self._wrong("it is over" if now >= expires else "it is not valid yet")
        self._current, self.expires, self._stamp = fresh, expires, stamp
        return True

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _stamped(self) -> _Stamp:
        try:
            found = [path.stat() for path in (self._pair.certificate, self._pair.key)]
        except OSError as error:
            raise self._wrong(error.strerror or "cannot be read") from None
        # Kubernetes swaps a link to a folder, so inode and time both count; the path alone never changes.
        first, second = ((one.st_ino, one.st_mtime_ns, one.st_size) for one in found)
        return first, second

    def _load(self) -> tuple[ssl.SSLContext, float, float]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._pair.certificate, self._pair.key)
            if self._client_authority is not None:
                context.load_verify_locations(self._client_authority)
                context.verify_mode = ssl.CERT_REQUIRED
            begins, ends = validity(self._pair.certificate.read_text("ascii", "replace"))
        except (OSError, ValueError, ssl.SSLError) as error:
            raise self._wrong(str(getattr(error, "reason", None) or error)) from None
        return context, begins.timestamp(), ends.timestamp()

    def _wrong(self, reason: str) -> SourceError:
        return SourceError(
            f"cannot be served with: {reason}",
            where=str(self._pair.certificate),
            hint=f"both files must be PEM and belong together (the key is {self._pair.key})",
        )
