"""Settings in YAML: Rails, Symfony, Spring, Mongoid, Compose files; values under a name that promises a secret."""

from __future__ import annotations

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import yaml_leaves
from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    collector = Collector("yaml-settings", text)
    for key, value, line in _pairs(text, content):
        name, equals, rest = value.partition("=")
        if equals and name.replace("_", "a").isalnum() and name.isupper():
            key, value = name, rest  # Compose: `- NAME=value`
        collector.add_named(key, value, line)
    return collector.done()


def _pairs(text: str, content: bytes) -> list[tuple[str, str, int]]:
    try:
        return [(leaf.key, leaf.value, leaf.line) for leaf in yaml_leaves(content)]
    except FormatError as error:
        if error.kind is SkipKind.TOO_LARGE:
            raise
        return [(item.name.lstrip("- "), item.value, item.line) for item in ini(text)]  # ERB, Jinja, tags of our own


_NAMES = (
    *("secrets", "database", "mongoid", "application", "parameters", "settings", "config", "credentials", "compose"),
    *("redis", "cable", "storage", "bootstrap", "values", "local", "production", "staging", "s3", "sidekiq", "env"),
    *("local_env", "amazon_s3", "fog", "shoryuken", "mailer", "app", "newrelic", "rabbitmq", "mongo", "serverless"),
)

READER = CredentialReader(
    paths(
        *(f"{name}{ending}" for name in _NAMES for ending in (".yml", ".yaml")),
        starts=("application-", "docker-compose", "parameters_", "secrets.", "secrets-", "config.secret"),
        start_endings=(".yml", ".yaml"),
        tails=("-secrets.yml", "-secrets.yaml", "_secrets.yml", "_secrets.yaml"),
    ),
    _read,
)
