"""Settings of command-line clients that keep a token or key: hub, gh, tugboat, doctl, heroku, s3cmd, rclone."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves, yaml_leaves
from lockgate.formats.credentials._values import names_secret
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern

_KEYS = frozenset(
    [
        "oauth_token",
        "api_key",
        "api_token",
        "access_token",
        "secret_key",
        "gpg_passphrase",
        "auth_token",
        "client_secret",
        "refresh_token",
        "private_token",
        "key",
        "app_password",
        "auth",
        "api-key",
        "access-token",
    ]
)

_CONDA = lazy_pattern(r"https?://[\w.:-]{1,200}/t/([A-Za-z0-9-]{20,100})/")
"""Anaconda: a channel's token stands in its address."""
_PUBLIC = frozenset({"access_key", "aws_access_key"})
"""The public half of a pair, as s3cmd names it."""


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    gems = path.endswith(".gem/credentials")
    collector = Collector("client-token", text)
    for key, value, line in _pairs(text, content):
        if key.startswith("BUNDLE_") and "__" in key and ":" in value:  # Bundler: user:password of a gem server
            collector.add(key, value.partition(":")[2], line)
        elif gems and key.startswith(":"):
            collector.add(key.strip(":"), value, line, loose=True)
        elif key.lower() in _KEYS or (names_secret(key) and key.lower() not in _PUBLIC):
            collector.add(key, value, line, loose=True)
        else:
            collector.add_embedded(key, value, line)
    for match in _CONDA.finditer(text):
        collector.add("token", match.group(1), text.count("\n", 0, match.start()) + 1)
    return collector.done()


def _pairs(text: str, content: bytes) -> list[tuple[str, str, int]]:
    """Names and values as JSON, YAML or INI, whichever the content is."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return [(leaf.key, leaf.value, leaf.line) for leaf in json_leaves(content)]
        except FormatError:
            pass  # `[section]` begins an INI file as well as a list
    elif not text.lstrip().startswith("["):
        try:
            return [(leaf.key, leaf.value, leaf.line) for leaf in yaml_leaves(content) if leaf.path]
        except FormatError:
            pass  # what is no YAML may still be lines of names and values
    return [(item.name, item.value, item.line) for item in ini(text)]


READER = CredentialReader(
    paths(
        *(
            "hub",
            ".s3cfg",
            "s3cfg",
            ".tugboat",
            "heroku.json",
            ".heroku.json",
            "hosts.yml",
            "rclone.conf",
            ".doctl.yaml",
        ),
        *("credentials.tfrc.json", ".terraformrc", "terraform.rc", ".travis.token", ".vault-token.json", ".gist.json"),
        *(".lftprc", ".trello.json", "doctl.yaml", ".circleci.yml", "cli.yml", ".sentryclirc", ".surge", ".ngrok.yml"),
        *("ngrok.yml", ".dbshell.json", ".databrickscfg", ".snowsql.cnf", ".passwd.json", ".twine", ".oci_config"),
        *(".condarc", "condarc"),
        tails=(
            *("/.config/hub", "/.config/gh/hosts.yml", "/.gem/credentials", "/.cargo/credentials.toml"),
            "/.bundle/config",
        ),
    ),
    _read,
)
