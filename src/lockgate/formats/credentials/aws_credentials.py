"""AWS shared credential files and key exports (https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html)."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.lazy_pattern import lazy_pattern

_ID = lazy_pattern(r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,124}\Z")
_ID_NAMES = frozenset({"aws_access_key_id", "awsaccesskeyid", "access_key_id", "accesskeyid"})
_SECRET_NAMES = frozenset(
    [
        "aws_secret_access_key",
        "aws_session_token",
        "aws_security_token",
        "awssecretkey",
        "secret_access_key",
        "aws_secret_key",
        "secretaccesskey",
        "secret_key",
        "secretkey",
        "sso_client_secret",
    ]
)


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("aws-credentials", text)
    if path.lower().endswith(".csv"):
        _read_export(collector)
        return collector.done()
    user = ""
    for item in ini(text):
        name = item.name.lower().replace("-", "_")
        if name in _ID_NAMES:
            user = item.value
            if _ID.match(item.value):
                collector.add(item.name, item.value, item.line, host=item.section)
        elif name in _SECRET_NAMES:
            collector.add(item.name, item.value, item.line, user=user, host=item.section)
    return collector.done()


def _read_export(collector: Collector) -> None:
    """The console's CSV: a header line that names the columns, then a line a key."""
    header = [name.strip().lower() for name in collector.lines[0].split(",")]
    for number, line in enumerate(collector.lines[1:], 2):
        for name, value in zip(header, line.strip().split(","), strict=False):
            if name in ("secret access key", "password", "access key id"):
                collector.add(name, value.strip(), number)


READER = CredentialReader(
    paths(
        *("credentials", ".credentials", "rootkey.csv", "accesskeys.csv", "credentials.csv", "aws_credentials"),
        *("aws-credentials", ".boto", "boto.cfg", ".passwd-s3fs", "awscredentials.properties"),
        *("new_user_credentials.csv", "credentials.ini", "aws.properties", "config"),
        starts=("rootkey", "accesskeys"),
        start_endings=(".csv",),
        tails=("/.aws/config", "_accesskeys.csv"),
    ),
    _read,
)
