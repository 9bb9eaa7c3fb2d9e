"""``lockgate build``: an image that the same source makes again, with its bill, provenance and signature."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command
from lockgate.cli.commands.sign import add_notary


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("context", nargs="?", default=".", metavar="CONTEXT", help="folder to build from (default: .)")
    parser.add_argument("--tag", required=True, metavar="NAME", help="registry/repository:tag; it is pushed there")
    parser.add_argument("--output", default="", metavar="FOLDER", help="an OCI layout to write it to, not a registry")
    parser.add_argument("--file", default="", metavar="FILE", help="Dockerfile (default: CONTEXT/Dockerfile)")
    parser.add_argument("--builder", choices=("auto", "buildah", "podman", "buildkit", "docker"), default="auto",
                        help="program that builds (default: the first that is there)")  # fmt: skip
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE",
                        help="argument of the build; it stands in the provenance, so never a secret")  # fmt: skip
    parser.add_argument("--target", default="", metavar="STAGE", help="stage to build (default: the last)")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="to build for (default: this machine's)")
    parser.add_argument("--sbom", choices=("cyclonedx", "spdx", "none"), default="cyclonedx",
                        help="form of the attached bill of materials (default: cyclonedx)")  # fmt: skip
    parser.add_argument("--key", default="", metavar="KEY", help="private key that signs the image and all said of it")
    parser.add_argument("--form", choices=("tag", "bundle"), default="tag", help="of signatures, as of lockgate sign")
    parser.add_argument("--notary", choices=("jws", "cose"), default="",
                        help="sign as notation does, too, in an envelope of this form")  # fmt: skip
    add_notary(parser)
    parser.add_argument("--provenance", default="", metavar="FILE", help="where to write the provenance, unsigned, too")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of what is told (default: text)")
    parser.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS", help="of the builder (3600)")
    parser.add_argument("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
    parser.add_argument("--plain-http", action="store_true", help="ask registries without TLS (localhost always is)")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._build import run

    return run(arguments)


COMMAND = Command(
    about="Build an image that the same source makes again, with bill, provenance and signature.",
    configure=_configure,
    run=_run,
    notes="Lockgate builds nothing itself: it drives buildah, podman, BuildKit (buildctl) or docker buildx, and says\n"
    "how to install one where there is none. Everything is dated at the commit (or SOURCE_DATE_EPOCH), bases are\n"
    "pinned by the digests that their tags have now. The tag is written last, when all said of the image is there.",
    examples="  lockgate build . --tag registry.example.com/team/cart:1.2 --key cosign.key\n"
    "  lockgate build . --tag registry.example.com/team/cart:1.2 --key k.pem --notary cose --certificates chain.pem\n"
    "  lockgate build . --tag local/cart:1.2 --output layout --builder buildah\n",
)
