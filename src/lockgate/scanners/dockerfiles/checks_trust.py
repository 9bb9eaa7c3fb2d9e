"""Checks on what a build trusts: certificates, signatures, scripts and files from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lockgate.formats.dockerfile import Command, Stage
from lockgate.scanners.dockerfiles.view import Check, Hit, View, at, at_command

_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node", "php")
_FALSE = ("0", "false", "no", "off")


def _commands(view: View) -> Iterator[tuple[Stage, Command]]:
    return ((stage, command) for stage, _, found in view.runs for command in found)


def _matching(test: Callable[[Command], bool], text: str) -> Check:
    """A check for every command of a RUN that ``test`` accepts."""

    def check(view: View) -> Iterator[Hit]:
        for stage, command in _commands(view):
            if command.words and test(command):
                yield at_command(stage, command, detail=text)

    return check


def _assigned(name: str, bad: Callable[[str], bool], text: str) -> Check:
    """A check for a variable set by ENV, ARG, export or as a prefix of a command."""

    def check(view: View) -> Iterator[Hit]:
        steps = [(None, step) for step in view.file.preamble if step.keyword == "ARG"]
        for stage, step in [*steps, *view.of("ENV", "ARG")]:
            for key, value in step.pairs:
                if key == name and (bad(value or "") if value is not None else step.keyword == "ENV"):
                    yield at(stage, step, name, detail=text)
        for stage, command in _commands(view):
            exported = [word.partition("=") for word in command.args] if command.program == "export" else []
            values = [value for key, value in command.environment if key == name]
            values += [value for key, equals, value in exported if key == name and equals]
            if any(bad(value) for value in values):
                yield at_command(stage, command, detail=text)

    return check


def curl_pipe_shell(view: View) -> Iterator[Hit]:
    for stage, _, found in view.runs:
        fetching: set[int] = set()
        for command in found:
            if command.program in ("curl", "wget") and command.pipes:
                fetching.add(command.pipe)
            elif command.piped and command.pipe in fetching and command.program in _SHELLS and _reads_input(command):
                text = "What is downloaded runs at once, without anybody or anything checking it."
                yield at_command(stage, command, detail=text, essence=_source(found, command.pipe))
        for command in found:
            if command.program in (*_SHELLS, "eval", "source", ".") and re.search(
                r"(?:\$\(|`)\s*(?:curl|wget)\b", " ".join(command.args)
            ):
                yield at_command(stage, command, detail="A downloaded script is run as it comes.")


def _reads_input(command: Command) -> bool:
    plain = [word for word in command.args if not word.startswith("-")]
    return not plain or "-s" in command.args or "-" in command.args


def _source(found: tuple[Command, ...], pipe: int) -> str:
    words = (word for command in found if command.pipe == pipe for word in command.args if "://" in word)
    return f"pipe to shell {next(words, '')}".strip()


def _addresses(words: tuple[str, ...]) -> list[str]:
    return [word for word in words if re.match(r"https?://|ftp://", word, re.IGNORECASE)]


def remote_add(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ADD"):
        for address in _addresses(step.words[:-1]):
            if not step.flag("checksum"):
                yield at(stage, step, address, detail="ADD takes a file from the network without a checksum.")


def add_over_http(view: View) -> Iterator[Hit]:
    for stage, step in view.of("ADD"):
        for address in _addresses(step.words[:-1]):
            if address.lower().startswith(("http://", "ftp://")):
                yield at(stage, step, address, detail="ADD takes a file over an unencrypted connection.")


def http_download(view: View) -> Iterator[Hit]:
    for stage, command in _commands(view):
        if command.program in ("curl", "wget"):
            for address in _addresses(command.args):
                host = address.partition("://")[2].partition("/")[0].partition(":")[0]
                if address.startswith(("http://", "ftp://")) and host not in ("localhost", "127.0.0.1"):
                    yield at_command(stage, command, detail="The download is not encrypted.", essence=f"fetch {host}")


def _curl_insecure(command: Command) -> bool:
    if command.program != "curl":
        return False
    if command.has("--insecure", "--proxy-insecure"):
        return True
    return any(re.fullmatch(r"-[a-jl-zA-Z#]*k[a-zA-Z#]*", word) for word in command.args)


def _git_insecure(command: Command) -> bool:
    joined = " ".join(command.args).lower()
    return command.program == "git" and bool(re.search(r"http(?:\.\S+)?\.sslverify[= ](?:false|0|no|off)\b", joined))


def _npm_insecure(command: Command) -> bool:
    if command.program not in ("npm", "yarn", "pnpm"):
        return False
    words = [part for word in command.args for part in word.lower().split("=")]
    if "--strict-ssl" in words and words[words.index("--strict-ssl") + 1 :][:1] == ["false"]:
        return True
    if "--no-strict-ssl" in words:
        return True
    return "set" in words[:2] and "strict-ssl" in words and words[words.index("strict-ssl") + 1 :][:1] == ["false"]


def _yum_ssl(command: Command) -> bool:
    return command.program in ("yum", "dnf", "tdnf", "microdnf", "yum-config-manager", "dnf-config-manager") and any(
        re.search(r"(?:^|[.=])sslverify=(?:0|false|no|off)$", word.lower()) for word in command.args
    )


def _yum_no_gpg(command: Command) -> bool:
    return command.program in ("yum", "dnf", "tdnf", "microdnf", "zypper") and (
        command.has("--nogpgcheck", "--no-gpg-checks") or any("gpgcheck=0" in word for word in command.args)
    )


def _apt_unauthenticated(command: Command) -> bool:
    if command.program not in ("apt", "apt-get", "aptitude"):
        return False
    return command.has("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories") or any(
        re.search(r"(?i)AllowUnauthenticated=(?:true|1|yes)|AllowInsecureRepositories=(?:true|1|yes)", word)
        for word in command.args
    )


def apt_trusted_source(view: View) -> Iterator[Hit]:
    for stage, command in _commands(view):
        if command.program in ("echo", "printf") and any("trusted=yes" in word for word in command.args):
            yield at_command(stage, command, detail="A package source is marked as trusted without a signature.")


CHECKS: dict[str, Check] = {
    "curl_pipe_shell": curl_pipe_shell,
    "remote_add": remote_add,
    "add_over_http": add_over_http,
    "http_download": http_download,
    "apt_trusted_source": apt_trusted_source,
    "curl_insecure": _matching(_curl_insecure, "curl does not check the certificate of the server."),
    "wget_insecure": _matching(
        lambda command: command.program == "wget" and command.has("--no-check-certificate"),
        "wget does not check the certificate of the server.",
    ),
    "pip_trusted_host": _matching(
        lambda command: re.fullmatch(r"pip[\d.]*|python[\d.]*|uv", command.program) is not None
        and command.has("--trusted-host", "--allow-insecure-host"),
        "pip does not check the certificate of the package index.",
    ),
    "pip_trusted_host_env": _assigned(
        "PIP_TRUSTED_HOST", lambda value: value != "", "pip does not check the certificate of the package index."
    ),
    "npm_strict_ssl": _matching(_npm_insecure, "The package manager does not check the certificate of the registry."),
    "npm_strict_ssl_env": _assigned(
        "NPM_CONFIG_STRICT_SSL", lambda value: value.lower() in _FALSE, "npm does not check certificates."
    ),
    "apt_unauthenticated": _matching(_apt_unauthenticated, "apt installs packages whose signature was not checked."),
    "apk_untrusted": _matching(
        lambda command: command.program == "apk" and command.has("--allow-untrusted"),
        "apk installs packages whose signature was not checked.",
    ),
    "rpm_nosignature": _matching(
        lambda command: command.program == "rpm" and command.has("--nosignature", "--nodigest", "--noverify"),
        "rpm installs a package without checking its signature.",
    ),
    "yum_nogpgcheck": _matching(_yum_no_gpg, "Packages are installed without checking their signature."),
    "yum_sslverify": _matching(_yum_ssl, "The package manager does not check the certificate of its mirror."),
    "git_ssl": _matching(_git_insecure, "git does not check the certificate of the server."),
    "git_ssl_env": _assigned("GIT_SSL_NO_VERIFY", lambda _: True, "Any value makes git accept every certificate."),
    "python_https_env": _assigned(
        "PYTHONHTTPSVERIFY", lambda value: value == "0", "Python accepts every certificate."
    ),
    "node_tls_env": _assigned(
        "NODE_TLS_REJECT_UNAUTHORIZED", lambda value: value == "0", "Node.js accepts every certificate."
    ),
}  # fmt: skip
