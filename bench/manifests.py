"""How fast manifests and infrastructure code become objects.

Run: ``python bench/manifests.py``. Takes the files of the corpora (``LOCKGATE_CORPORA``); manifests are read until
5,000 documents have been read. Prints one table; times are CPU seconds. No verdict is part of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from lockgate.formats import azure, kustomize, manifests
from lockgate.formats.objects import Reading

CORPORA = Path(os.environ.get("LOCKGATE_CORPORA", Path(__file__).resolve().parents[2] / "shared" / "corpora"))
FIXTURES = CORPORA / "checkov-fixtures"
WANTED = 5_000


def contents(folder: str, *suffixes: str) -> list[tuple[str, bytes]]:
    found = sorted(path for path in (FIXTURES / folder).rglob("*") if path.suffix in suffixes)
    return [(str(path), path.read_bytes()) for path in found]


def sibling(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def timed(files: list[tuple[str, bytes]], read: Callable[[str, bytes], Reading], wanted: int) -> tuple[float, int, int]:
    """CPU seconds, files and objects, until ``wanted`` objects have been read."""
    objects = count = 0
    start = time.process_time()
    while objects < wanted:
        for path, content in files:
            objects += len(read(path, content).objects)
            count += 1
    return time.process_time() - start, count, objects


def lines(files: list[tuple[str, bytes]]) -> tuple[float, int]:
    """CPU seconds of the first question for a line of each object, which parses its document again."""
    found = [one for path, content in files for one in manifests.read(path, content).objects]
    start = time.process_time()
    for one in found:
        one.line_of("/metadata/name")
    return time.process_time() - start, len(found)


def overlay(size: int) -> tuple[float, int]:
    """CPU seconds of one overlay over ``size`` deployments."""
    one = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d%d}\nspec:\n  selector: {matchLabels: {app: d}}\n"
        "  template:\n    metadata: {labels: {app: d}}\n    spec: {containers: [{name: c, image: 'i:1'}]}\n"
    )
    files = {
        "o/kustomization.yaml": b"resources: [../b]\nnamePrefix: p-\nnamespace: n\ncommonLabels: {a: b}\n"
        b"images: [{name: i, newTag: '2'}]\n",
        "b/kustomization.yaml": b"resources: [all.yaml]\n",
        "b/all.yaml": "---\n".join(one % n for n in range(size)).encode(),
    }
    start = time.process_time()
    reading = kustomize.read("o/kustomization.yaml", files["o/kustomization.yaml"], files.get)
    return time.process_time() - start, len(reading.objects)


def main() -> None:
    kinds: list[tuple[str, list[tuple[str, bytes]], Callable[[str, bytes], Reading], int]] = [
        ("Kubernetes", contents("kubernetes", ".yaml", ".yml", ".json"), manifests.read, WANTED),
        ("ARM", contents("arm", ".json"), lambda path, content: azure.read(path, content, sibling), 1000),
        ("Bicep", contents("bicep", ".bicep"), lambda path, content: azure.read(path, content, sibling), 1000),
        ("Terraform", contents("terraform", ".tf"), lambda path, content: azure.read(path, content, sibling), 1000),
    ]
    print(f"{'':12}{'files':>8}{'objects':>9}{'CPU s':>8}{'ms/object':>11}")
    for name, files, read, wanted in kinds:
        timed(files, read, 1)
        seconds, count, objects = timed(files, read, wanted)
        print(f"{name:12}{count:8}{objects:9}{seconds:8.2f}{1000 * seconds / objects:11.3f}")
    seconds, objects = lines(kinds[0][1])
    print(f"{'first line':12}{'':8}{objects:9}{seconds:8.2f}{1000 * seconds / objects:11.3f}")
    seconds, objects = overlay(1000)
    print(f"{'overlay':12}{1:8}{objects:9}{seconds:8.2f}{1000 * seconds / objects:11.3f}")


if __name__ == "__main__":
    main()
