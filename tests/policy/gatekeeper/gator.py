"""Gatekeeper's own command line, run beside ours where it is there: ``LOCKGATE_GATOR`` or on the PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_BINARY = os.environ.get("LOCKGATE_GATOR") or shutil.which("gator")  # read before the tests clear the environment


def run(folder: Path, command: str, objects: list[dict[str, Any]]) -> Any:
    """What ``gator test`` or ``gator expand`` says of ``objects``, as JSON. Skips where there is no gator."""
    if not _BINARY:
        pytest.skip("no gator: set LOCKGATE_GATOR or put it on the PATH")
    path = folder / "objects.yaml"
    path.write_text("\n---\n".join(json.dumps(each) for each in objects))
    flag = "--output" if command == "test" else "--format"
    done = subprocess.run(
        [_BINARY, command, "--filename", str(path), flag, "json"], capture_output=True, text=True, check=False
    )
    if not done.stdout.strip():
        assert not done.stderr.strip() or command == "expand", done.stderr
        return [] if done.returncode == 0 else done.stderr
    return json.loads(done.stdout) or []
