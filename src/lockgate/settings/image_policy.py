"""The policy of images: who must have signed which, what must be attested of them, how old their scan may be.

A file of its own beside ``lockgate.yaml``, since registries and clusters that know no repository are held to it too.
Loader, schema and page are those of the settings; what a key means is written once, below.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.settings._load import load_as
from lockgate.settings._setting import setting

FILE_NAME = "lockgate-images.yaml"


class Consequence(StrEnum):
    """What follows for an image that does not meet what is asked of it."""

    DENY = "deny"
    WARN = "warn"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Keyless:
    """Somebody whom sigstore certifies for minutes: a person by mail, or a workflow. Every key given must hold."""

    issuer: str = setting(
        "Who vouches for the name (OpenID Connect), exactly: `https://token.actions.githubusercontent.com`.", ""
    )
    identity: str | None = setting("A name of the certificate, exactly: an address of mail or of a workflow.")
    identity_pattern: str | None = setting("A regular expression (RE2) that matches the whole of a name.")
    repository: str | None = setting("Repository of the run that signed, exactly: `https://github.com/team/shop`.")
    workflow: str | None = setting("Workflow of the run that signed, with its ref, exactly (build config URI).")
    ref: str | None = setting("Branch or tag of the run that signed: `refs/heads/main`.")
    trigger: str | None = setting("What started the run: `push`.")
    runner: str | None = setting("Where it ran: `github-hosted`.")


@dataclass(frozen=True, slots=True)
class AuthoritySettings:
    """Somebody whose signature counts: by `keys`, by `keyless` or by `notary`, one of them."""

    keys: tuple[str, ...] = setting("Files of public keys, PEM, relative to this file; any of them counts.", ())
    keyless: Keyless | None = setting("An identity that sigstore certifies.")
    notary: str | None = setting("A trust policy of Notary Project (`trustpolicy.json`), relative to this file.")
    crls: tuple[str, ...] = setting(
        "Files of revocation lists (PEM or DER), relative to this file, for `notary`: in these its certificates are "
        "looked up.", ()
    )
    ask_revocation: bool = setting(
        "For `notary`: whether the servers that certificates name (OCSP, lists) are asked where `crls` has no list of "
        "their issuer.", False
    )
    trusted_root: str | None = setting(
        "Trusted root of sigstore (`trusted_root.json`), relative to this file. Default: that of the whole policy."
    )
    log: bool | None = setting(
        "Whether a transparency log must hold the signature. Default: `true` for `keyless`, `false` for `keys`; what a "
        "signature brings along of a log must hold either way where there is a trusted root."
    )


@dataclass(frozen=True, slots=True)
class ProvenanceSettings:
    """How an image must have been built, by a signed statement of SLSA (v1 or v0.2). Every key given must hold."""

    by: tuple[str, ...] = setting("Authorities, any of which must have signed the statement.", (), min_items=1)
    repository: str | None = setting("Address of the source, exactly, without `git+` and revision.")
    workflow: str | None = setting("Path of the workflow or file that was the entry point.")
    ref: str | None = setting("Branch or tag of the source: `refs/heads/main`.")
    builder: str | None = setting("Who built (`builder.id`), exactly or as a glob with `*`.")
    build_type: str | None = setting("How (`buildType`), exactly.")


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What the record must know of an image."""

    days: int = setting("The last scan that read what is installed is younger than this many days.", 7, minimum=1)
    no_denied: bool = setting("It denied nothing: no finding that the gate denies is open and unwaived.", True)


@dataclass(frozen=True, slots=True)
class ImageRule:
    """What is asked of some images. All lines that match an image hold for it."""

    match: tuple[str, ...] = setting(
        "Names without tag and digest, `registry.example.com/team/*`; `*` stands for anything.", ("*",), min_items=1
    )
    signed_by: tuple[str, ...] = setting("Authorities, each of which must have signed the image.", ())
    signed_by_any: tuple[str, ...] = setting("Authorities, one of which must have signed the image.", ())
    provenance: ProvenanceSettings | None = setting("How it must have been built.")
    scan: ScanSettings | None = setting("What the record must know of it.")
    vex: tuple[str, ...] = setting(
        "Authorities whose attestations of VEX about the image are believed when it is scanned; those of others count "
        "for nothing.", ()
    )
    otherwise: Consequence = setting("What follows when one of these is not met.", Consequence.DENY)


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """Everything that ``lockgate-images.yaml`` can say."""

    version: int = setting("Version of this file's format.", 1, one_of=(1,))
    trusted_root: str | None = setting(
        "Trusted root of sigstore (`trusted_root.json`), relative to this file: whose certificates, logs and "
        "timestamps are believed. Nothing is fetched."
    )
    authorities: Mapping[str, AuthoritySettings] = setting(
        "Those whose signatures count, by name.", None, values=AuthoritySettings, by="authority"
    )
    images: tuple[ImageRule, ...] = setting("What is asked of which images.", (), min_keys=1)
    unmatched: Consequence = setting("What follows for an image that no line matches.", Consequence.DENY)

    def __post_init__(self) -> None:
        if self.authorities is None:
            object.__setattr__(self, "authorities", {})


def load(path: Path) -> ImagePolicy:
    """The policy in a file. Raises ``ConfigurationError`` at ``file:line``."""
    policy: ImagePolicy = load_as(ImagePolicy, path)
    return policy


def schema() -> dict[str, Any]:
    """Its JSON schema (draft 2020-12)."""
    from lockgate.settings._schema import schema_of

    return schema_of(ImagePolicy, FILE_NAME)


def reference_markdown() -> str:
    """Its page of the reference. Deterministic."""
    from lockgate.settings._pages import shape_markdown

    lines = [
        "# Policy of images: `lockgate-images.yaml`",
        "",
        "Read by `lockgate verify` and by the admission webhook; see [signatures](../signatures.md). A key that is not",
        "listed here is refused.",
        "",
        *shape_markdown(ImagePolicy),
    ]
    return "\n".join(lines)
