"""Modules in the Go module cache, for the data that comes with their tests; ``.ci/fetch-cases`` puts them there."""

import os
import subprocess
from functools import cache
from pathlib import Path


@cache
def _places() -> tuple[Path, ...]:
    places = [os.environ.get("GOMODCACHE", "")]
    if os.environ.get("GOPATH"):
        places.append(str(Path(os.environ["GOPATH"]) / "pkg/mod"))
    try:
        asked = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, timeout=20, check=False)
        places.append(asked.stdout.strip())
    except (OSError, subprocess.TimeoutExpired):
        places.append(str(Path.home() / "go/pkg/mod"))
    return tuple(Path(place) for place in places if place)


def module(path: str, version: str) -> Path | None:
    """The folder of ``path`` at ``version``; None where it is in no module cache."""
    return next((place / f"{path}@{version}" for place in _places() if (place / f"{path}@{version}").is_dir()), None)
