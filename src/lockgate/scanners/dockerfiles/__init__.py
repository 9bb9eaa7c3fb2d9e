"""Judges Dockerfiles: one YAML rule names one check (``logic: {check: name}``); the checks stand in ``checks_*``.

Options: ``trusted_registries``, a list of hosts or host/path prefixes. What does not belong: reading the format
(``formats.dockerfile``), identity and waivers.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session
from lockgate.settings import ScannerOption

_NOT_DOCKERFILES = frozenset(
    [
        ".dockerignore",
        ".md",
        ".rst",
        ".txt",
        ".py",
        ".go",
        ".js",
        ".ts",
        ".json",
        ".yaml",
        ".yml",
        ".sh",
        ".rb",
        ".java",
        ".html",
        ".lock",
        ".patch",
        ".diff",
        ".png",
        ".svg",
        ".toml",
        ".rs",
        ".c",
        ".h",
        ".cs",
        ".php",
        ".bak",
        ".orig",
        ".swp",
    ]
)


def wants(path: str, size: int) -> bool:
    """Whether the file is a Dockerfile by its name. Cheap: asked for every file."""
    name = path.rpartition("/")[2].lower()
    if "dockerfile" not in name and "containerfile" not in name:
        return False
    suffix = f".{name.rpartition('.')[2]}" if "." in name else ""
    if name.endswith((".dockerfile", ".containerfile")):
        return True
    return (name.startswith(("dockerfile", "containerfile"))) and suffix not in _NOT_DOCKERFILES and size >= 0


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.dockerfiles._session import start

    return start(rules, context)


SCANNER = Scanner(
    Family.DOCKERFILES,
    File,
    _start,
    wants,
    options=(
        ScannerOption(
            "trusted_registries",
            str,
            "Hosts, or host/path prefixes, that base images may come from; `*.` before a host takes those below it.",
            many=True,
            default="docker.io and other first-hand ones",
        ),
    ),
)
