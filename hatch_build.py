"""Adds to a wheel what is made of its files (``lockgate.prepared``): rules, parsed, policies and classes, compiled.

Not for an editable install, whose rules people edit: there they are read from YAML and kept in the user's cache folder.
"""

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Writes the modules of ``lockgate.made`` beside the tree, never into it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the modules and name their places in the wheel."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory(prefix="lockgate-made-")
        for name, text in made(Path(self.root) / "src").items():
            path = Path(self._folder.name) / f"{name}.py"
            path.write_text(text, "utf-8")
            build_data["force_include"][str(path)] = f"lockgate/made/{name}.py"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Take the modules away."""
        if version != "editable":
            self._folder.cleanup()


def made(source: Path) -> dict[str, str]:
    """The text of each module by name, of the package below ``source``."""
    sys.path.insert(0, str(source))
    try:
        importlib.import_module("lockgate.cli._check")  # its classes are those that each check makes
        from lockgate.dataclass import prepared_module
        from lockgate.engine.scan import members
        from lockgate.formats import credentials, lockfiles
        from lockgate.model import Family
        from lockgate.policy.catalogue import prepared_modules
        from lockgate.rules import load
        from lockgate.rules import prepared_modules as rule_modules
    finally:
        sys.path.remove(str(source))
    texts = {"__init__": '"""Made when the wheel was built, of the files in it (hatch_build.py)."""\n'}
    ends, tests = lockfiles.endings(), credentials.path_tests()
    texts["readers"] = f'"""Which paths readers want."""\n\nLOCKFILES = {ends!r}\nCREDENTIALS = {tests!r}\n'
    members(Family)
    texts |= rule_modules() | prepared_modules(load((Family.POLICY,)).rules)
    return texts | prepared_module()
