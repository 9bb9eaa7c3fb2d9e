"""netrc: passwords of FTP, HTTP and git clients (curl: https://everything.curl.dev/usingcurl/netrc.html)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("netrc", text)
    host = user = ""
    pending = ""
    in_macro = False
    for number, line in enumerate(text.split("\n"), 1):
        if in_macro:  # a macro ends at an empty line
            in_macro = bool(line.strip())
            continue
        if line.lstrip().startswith("#"):
            continue
        for word in line.split():
            if pending in ("password", "account", "passwd"):
                if user not in ("anonymous", "ftp"):  # whose password is a mail address by custom
                    collector.add(pending, word.strip("\"'"), number, user=user, host=host)
            elif pending == "machine":
                host, user = word, ""
            elif pending in ("login", "user"):
                user = word
            elif word == "macdef":
                in_macro = True
                break
            elif word == "default":
                host, user = "default", ""
            else:
                pending = word if word in _WORDS else ""
                continue
            pending = ""
    return collector.done()


_WORDS = frozenset({"machine", "login", "user", "password", "passwd", "account"})
READER = CredentialReader(paths(".netrc", "_netrc", "netrc", ".authinfo"), _read)
