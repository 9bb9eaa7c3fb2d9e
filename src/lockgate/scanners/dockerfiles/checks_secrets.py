"""Checks on secrets that end in a layer or in the history of an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from lockgate.lazy_pattern import lazy_pattern
from lockgate.scanners.dockerfiles.view import Check, Hit, View, at, at_command

_SECRET_NAME = lazy_pattern(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?|AUTH_KEY|PWD"
    r"|CLIENT_SECRET|CONNECTION_?STRING|NPM_TOKEN|PAT)(?:$|_(?:KEY|VALUE|ID_RSA)$)",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = lazy_pattern(r"(?:_FILE|_PATH|_URL|_NAME|_HEADER|_LENGTH|_TTL|_EXPIR\w*)$", re.IGNORECASE)
_SECRET_FILE = lazy_pattern(
    r"(?:^|/)(?:\.env(?:\.(?!example$|sample$|template$|dist$)[\w-]+)?|id_(?:rsa|dsa|ecdsa|ed25519)|\.npmrc|\.pypirc"
    r"|\.netrc|\.git-credentials|\.dockercfg|\.pgpass|\.htpasswd|\.vault-token|credentials(?:\.json|\.ya?ml|\.csv)?"
    r"|kubeconfig|service[-_]?account[\w-]*\.json|secrets?\.(?:ya?ml|json|env|toml)|[\w.-]+\.(?:pfx|p12|jks|keystore|ppk)"
    r"|(?:private|server|tls|ssl)[\w.-]*\.key|\.aws|\.ssh|\.kube|\.docker/config\.json)/?$",
    re.IGNORECASE,
)
_PLACEHOLDERS = ("changeme", "change-me", "example", "placeholder", "dummy", "none", "null", "xxx", "todo", "unset")


def is_secret_name(name: str) -> bool:
    """Whether a variable of that name is meant to hold a secret."""
    name = name[:200]  # bounds the search; no tool writes longer names
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET_NAME.search(name)


def _literal(value: str | None) -> bool:
    text = (value or "").strip()
    if text.startswith(("/", "./")):  # a path to the secret, or PWD
        return False
    return bool(text) and "$" not in text and not text.startswith("<") and text.lower() not in (
        *_PLACEHOLDERS, "true", "false", "0", "1",
    )  # fmt: skip


def secret_in_env(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ENV"):
        for name, value in step.pairs:
            if is_secret_name(name) and _literal(value):
                text = f"ENV {name} holds a value that everybody who has the image can read."
                yield at(stage, step, name, detail=text, hide=(value or "",))


def secret_in_arg_default(view: View) -> Iterator[Hit]:
    steps = [(None, step) for step in view.file.preamble] + list(view.of("ARG"))
    for stage, step in steps:
        for raw in step.words:
            name, equals, value = raw.partition("=")
            if equals and is_secret_name(name) and _literal(value.strip("\"'")):
                text = f"ARG {name} has a default that stands in the file and in the history of the image."
                yield at(stage, step, name, detail=text, hide=(value.strip("\"'"),))


def secret_build_arg(view: View) -> Iterator[Hit]:
    """A secret handed over as a build argument; ``docker history`` shows the value beside the RUN."""
    for stage, step in view.of("ARG"):
        for raw in step.words:
            name, equals, _ = raw.partition("=")
            if not equals and is_secret_name(name):
                text = f"The secret {name} is a build argument, whose value stays in the history of the image."
                yield at(stage, step, name, detail=text)


def secret_arg_to_env(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ENV"):
        for raw in step.words:
            name, _, value = raw.partition("=")
            if is_secret_name(name) and re.fullmatch(r'"?\$\{?\w+\}?"?', value):
                text = f"ENV {name} keeps the value of a build argument in the image."
                yield at(stage, step, name, detail=text)


def secret_file_copied(view: View) -> Iterator[Hit]:
    for stage, step in view.of("COPY", "ADD"):
        if step.flag("from"):
            continue
        for source in step.words[:-1]:
            if _SECRET_FILE.search(source) and not source.startswith("<<"):
                yield at(stage, step, source, detail=f"{source} becomes part of a layer, and stays in it when removed.")


def secret_mount_copied(view: View) -> Iterator[Hit]:
    """A mounted secret written into the layer: ``cp /run/secrets/x``, ``cat ... > file``."""
    for stage, _, found in view.runs:
        for command in found:
            reads = any(word.startswith("/run/secrets/") for word in command.args)
            writes = any(op in (">", ">>") and not to.startswith("/dev/") for op, to in command.redirects)
            if reads and (command.program in ("cp", "install", "mv") or (command.program == "cat" and writes)):
                text = "A mounted secret is copied into the layer, where it stays."
                yield at_command(stage, command, detail=text)


def credentials_in_url(view: View) -> Iterator[Hit]:
    for stage, step in view.of("RUN", "ADD"):
        for match in re.finditer(
            r"\b(?:https?|ftp|git)://([^\s/:@$'\"]{1,80}):([^\s/@$'\"{}]{3,200})@([\w.-]+)", step.text
        ):
            host = match.group(3)
            yield at(
                stage, step, f"credentials for {host}",
                detail=f"An address of {host} carries a user and a password.", hide=(match.group(2),),
            )  # fmt: skip


def password_set(view: View) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        for command in found:
            if command.program in ("chpasswd", "passwd") and not command.has("-l", "-d", "--lock", "--delete", "-S"):
                text = f"{command.program} sets a password inside a layer."
                yield at_command(stage, command, detail=text, essence=f"{command.program}", hide=_echoed(found))


def _echoed(found: tuple) -> tuple[str, ...]:  # type: ignore[type-arg]
    return tuple(word.rpartition(":")[2] for command in found if command.pipes for word in command.args if ":" in word)


def password_on_useradd(view: View) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        for command in found:
            if command.program in ("useradd", "usermod") and command.has("-p", "--password"):
                text = f"{command.program} gets a password on its command line."
                yield at_command(stage, command, detail=text, essence=command.program, hide=_after(command.args))


def _after(args: tuple[str, ...]) -> tuple[str, ...]:
    follows = [
        value
        for option, value in pairwise(args)
        if option == "--password" or (option.startswith("-") and option.endswith("p"))
    ]
    return tuple(follows + [word.partition("=")[2] for word in args if word.startswith("--password=")])


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        secret_in_env, secret_in_arg_default, secret_build_arg, secret_arg_to_env, secret_file_copied,
        secret_mount_copied, credentials_in_url, password_set, password_on_useradd,
    )
}  # fmt: skip
