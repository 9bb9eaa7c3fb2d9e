"""PuTTY private keys, encrypted or not (https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.model import Confidence


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    if not text.startswith("PuTTY-User-Key-File-"):
        return ()
    collector = Collector("private-key", text)
    fields = {
        line.partition(": ")[0]: (number, line.partition(": ")[2].strip())
        for number, line in enumerate(collector.lines, 1)
    }
    line, count = fields.get("Private-Lines", (0, ""))
    if not line or not count.isdigit() or int(count) > 1000:
        return ()
    body = "".join(part.strip() for part in collector.lines[line : line + int(count)])
    sealed = fields.get("Encryption", (0, "none"))[1] != "none"
    sure = Confidence.LOW if sealed else Confidence.HIGH
    user = fields.get("Comment", (0, ""))[1]
    collector.add("Private-Lines" + (" (encrypted)" if sealed else ""), body, line, user=user, at_most=sure)
    return collector.done()


READER = CredentialReader(paths(endings=(".ppk",)), _read)
