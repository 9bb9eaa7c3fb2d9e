"""Settings written as Python, JavaScript or Ruby: literals under secret names, and ``login(user, password)``."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._literals import assigned, nth_argument
from lockgate.lazy_pattern import lazy_pattern

_LOGIN = lazy_pattern(r"\.(?:login|authenticate|signIn)\s{0,5}\(")


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("code-settings", text)
    for literal in assigned(text):
        line = collector.lines[literal.line - 1].lstrip()
        if not line.startswith(("#", "//", "*", "/*")):
            collector.add_named(literal.name, literal.value, literal.line)
    for literal in nth_argument(text, _LOGIN, 2):
        collector.add(literal.name, literal.value, literal.line, column=literal.column, loose=True)
    return collector.done()


READER = CredentialReader(
    paths(
        *("settings.py", "local_settings.py", "settings_local.py", "config.py", "secrets.py", "credentials.py"),
        *("production.py", "dev.py", "local.py", "settings.production.py", "secret_settings.py", "prod.py", "keys.py"),
        *("salesforce.js", "config.js", "credentials.js", "secrets.js", "settings.js", "secret.js", "keys.js"),
        *("config.ts", "secrets.ts", "knexfile.js", "ormconfig.js", "database.js", "db.js", "local.js", "sftp.js"),
        *("secret_token.rb", "devise.rb", "knife.rb", "environment.ts", "environment.prod.ts", "config.rb"),
        tails=("/settings/base.py", "/settings/staging.py", "/settings/development.py", "/config/default.js"),
    ),
    _read,
)
