"""Lays the example out in a folder, with every placeholder filled in: ``python examples/lay_out.py FOLDER``.

The repository holds no credential, only placeholders; what this writes holds random text in the shape of credentials.
"""

import sys
from pathlib import Path

from lockgate.rules import expand_sample

HERE = Path(__file__).parent / "harbour"
_NOT_PART = {"planted.yaml", "README.md"}


def lay_out(target: Path) -> list[str]:
    """Write the example below ``target``; returns the paths, sorted."""
    written = []
    for path in sorted(HERE.rglob("*")):
        name = path.relative_to(HERE).as_posix()
        if path.is_file() and name not in _NOT_PART:
            out = target / name
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(expand_sample(path.read_text("utf-8")), "utf-8")
            written.append(name)
    return written


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(f"{len(lay_out(folder))} files laid out in {folder}")
