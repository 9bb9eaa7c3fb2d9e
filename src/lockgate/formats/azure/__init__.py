"""Infrastructure code of Azure as resources: ARM templates, Bicep, Terraform's ``azurerm``, and what Azure answers.

``Reader(sibling, below).read(path, content)`` gives objects of the form ``azure``: ``type``, ``name``, ``location``,
``properties`` as Azure Resource Manager holds them, each field with its line. Expressions are evaluated as far as the
files decide them; what is known only at deployment stays as text and is named in ``Object.unresolved``. A resource that
is written in pieces is one object. What does not belong: judging a resource, and reading anything but the files of the
tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import Below, Reading, Sibling, Skips
from lockgate.model import SkipKind

if TYPE_CHECKING:
    from lockgate.formats.azure._terraform import Folders

__all__ = ["Reader", "Reading", "read", "wants"]


def wants(path: str) -> bool:
    """Whether the file may hold Azure resources. Cheap: asked for every file."""
    return path.endswith((".json", ".bicep", ".tf"))


def _nothing(folder: str) -> tuple[str, ...]:  # noqa: ARG001 -- the shape of one who lists files
    return ()


def read(path: str, content: bytes, sibling: Sibling, below: Below = _nothing) -> Reading:
    """Every Azure resource of one file; see :class:`Reader`, which is for many."""
    return Reader(sibling, below).read(path, content)


class Reader:
    """Reads the files of one tree.

    ``sibling(path relative to the tree)`` gives another file's content, or None; ``below(folder)`` lists files. A file
    is understood with those beside it: parameters, modules, and the other files of a folder of Terraform.
    """

    def __init__(self, sibling: Sibling, below: Below = _nothing) -> None:
        self._sibling = sibling
        self._below = below
        self._folders: Folders | None = None

    def read(self, path: str, content: bytes) -> Reading:
        """Every Azure resource of the file. Never raises; a file of another kind gives nothing."""
        try:
            return self._read(path, content)
        except FormatError as error:
            return _skipped(path, error.kind, error.reason, error.line)
        except RecursionError:
            return _skipped(path, SkipKind.TOO_LARGE, "nested too deeply", 0)

    def _read(self, path: str, content: bytes) -> Reading:
        from lockgate.formats.azure import _arm, _bicep, _export, _terraform, _terraform_plan

        if path.endswith(".tf"):
            self._folders = self._folders or _terraform.Folders(self._sibling, self._below)
            return self._folders.read(path, content)
        if path.endswith(".tf.json"):
            raise FormatError("Terraform's JSON syntax", kind=SkipKind.UNSUPPORTED)
        if path.endswith(".bicep"):
            return _bicep.read(path, content, self._sibling)
        if path.endswith(".json") and _arm.is_template(content):
            return _arm.read(path, content, self._sibling)
        if path.endswith(".json") and _terraform_plan.is_plan(content):
            return _terraform_plan.read(path, content)
        if path.endswith(".json") and _export.is_export(content):
            return _export.read(path, content)
        return Reading()


def _skipped(path: str, kind: SkipKind, reason: str, line: int) -> Reading:
    skips = Skips(path)
    skips.add(kind, reason, line=line)
    return Reading((), skips.settled())
