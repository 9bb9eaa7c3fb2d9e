"""VEX that is attested of images, for the commands that judge them: by the policy of images of the project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lockgate.cli._project import Project
from lockgate.formats.printable import printable
from lockgate.settings import image_policy

if TYPE_CHECKING:
    from lockgate.formats.vex import Statement
    from lockgate.sources.image import Image
    from lockgate.store.attested_vex import KeptVex

_FOLDER = "attested-vex"


class BelievedVex:
    """What is attested by those whom the policy of the project names for it (``vex``); nothing where it names none."""

    def __init__(self, project: Project, *, keeps: bool) -> None:
        """``keeps``: whether what counts of an image is kept for judging it by its stored bill."""
        self._project, self._keeps = project, keeps
        path = project.top / image_policy.FILE_NAME
        policy = image_policy.load(path) if path.is_file() else None
        self._path = path if policy is not None and any(rule.vex for rule in policy.images) else None

    def of_image(self, image: Image) -> tuple[Statement, ...]:
        """What lies beside the image now. Raises ``SourceError`` and ``ConfigurationError``."""
        if self._path is None:
            return ()
        from lockgate.engine.image_trust.attested_vex import attested_vex
        from lockgate.engine.image_trust.policies import load

        found = attested_vex(load(self._path), image)
        for notice in found.notices:
            print(f"not believed: {printable(notice)}", file=sys.stderr)
        statements = tuple(one for document in found.documents for one in document.statements())
        if self._keeps:
            self._kept().keep(image.digest, [(one.where, one.content) for one in found.documents])
        return statements

    def of_digest(self, digest: str) -> tuple[Statement, ...]:
        """What counted when the image was last scanned. Raises ``StoreError`` and ``SourceError``."""
        if self._path is None:
            return ()
        from lockgate.engine.image_trust.attested_vex import Attested

        kept = (Attested(where, content) for where, content in self._kept().of(digest))
        return tuple(one for document in kept for one in document.statements())

    def _kept(self) -> KeptVex:
        from lockgate.store.attested_vex import KeptVex

        return KeptVex(self._project.workspace.folder / _FOLDER)
