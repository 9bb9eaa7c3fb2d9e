"""``lockgate sign``: a signature of an image by a key, as cosign or notation makes and verifies it."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def configure_place(parser: argparse.ArgumentParser) -> None:
    """What signing and attesting have in common."""
    parser.add_argument("image", metavar="IMAGE", help="name in a registry, or an OCI layout on disk")
    parser.add_argument("--key", required=True, metavar="KEY", help="private key: a file in PEM, pkcs11:..., https://NAME.vault.azure.net/keys/...")
    parser.add_argument("--name", default="", metavar="NAME", help="which image of a layout that holds several")
    parser.add_argument("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
    parser.add_argument("--plain-http", action="store_true", help="ask the registry without TLS (localhost always is)")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._trust import run_sign

    return run_sign(arguments)


def add_form(parser: argparse.ArgumentParser) -> None:
    """The forms of cosign."""
    parser.add_argument("--form", choices=("tag", "bundle"), default="tag",
                        help="under cosign's tag, or a bundle that refers to the image (default: tag)")  # fmt: skip


def add_notary(parser: argparse.ArgumentParser) -> None:
    """What a signature of the Notary Project has beside its key."""
    parser.add_argument("--certificates", default="", metavar="FILE",
                        help="of the key, up to the root's, PEM: for the Notary Project")  # fmt: skip
    parser.add_argument("--timestamp-url", default="", metavar="URL",
                        help="authority that tells when it was signed (RFC 3161), for the Notary Project")  # fmt: skip
    parser.add_argument("--timestamp-root", default="", metavar="FILE",
                        help="certificate that this authority is trusted by, PEM")  # fmt: skip
    parser.add_argument("--expires", type=int, default=0, metavar="DAYS",
                        help="when a signature of the Notary Project ends (default: never)")  # fmt: skip


def _configure(parser: argparse.ArgumentParser) -> None:
    configure_place(parser)
    parser.add_argument(
        "--form", choices=("tag", "bundle", "notary-jws", "notary-cose"), default="tag",
        help="under cosign's tag, a bundle of sigstore, or an envelope of the Notary Project (default: tag)",
    )  # fmt: skip
    add_notary(parser)


COMMAND = Command(
    about="Sign an image with a key; cosign or notation verifies it.",
    configure=_configure,
    run=_run,
    notes="A password of the key comes from LOCKGATE_KEY_PASSWORD or the file that LOCKGATE_KEY_PASSWORD_FILE names.\n"
    "Nothing is sent to a transparency log: cosign verifies it with --insecure-ignore-tlog. What a tag names is\n"
    "signed by its digest; name the digest to be sure which image that is.",
    examples="  lockgate sign registry.example.com/team/cart@sha256:... --key cosign.key\n"
    "  lockgate sign registry.example.com/team/cart:1.2 --form notary-jws --key k.pem --certificates chain.pem\n",
)
