"""From a push to a stored verdict: ``python -m bench.registry [--root FOLDER] [--times N] [--megabytes N]``.

Debian's docker-registry with its notifications, ``lockgate registry watch`` beside it, and an image of a real Debian
(``debootstrap``, with its dpkg database) filled up to about 200 MB with files that cannot be packed; skopeo pushes it.
Each time the lowest layer has a file of its own, so that no layer is known. Wall clock from when the event was accepted
to when a reader of the record finds its row of ``ImageSteps``; beside it what the watch says, its CPU time and peak
memory. Then a push of another image that shares all but its last layer. Goal: 3 s.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import datetime
from io import BytesIO
from pathlib import Path

from tests.simulators.docker_registry import PROGRAM, free_port, running

from lockgate.store import Record
from lockgate.store.advisories import AdvisoryStore

ADVISORY = {
    "id": "DSA-0000-1", "modified": "2026-01-01T00:00:00Z", "summary": "of a bench",
    "affected": [{"package": {"ecosystem": "Debian:12", "name": "glibc"},
                  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}]}],
}  # fmt: skip


def layer(path: Path, root: Path, own: bytes, fill: int) -> None:
    """A layer of the root, a file of its own and so many bytes of noise."""
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("own")
        info.size = len(own)
        archive.addfile(info, BytesIO(own))
        archive.add(root, arcname=".", filter=lambda one: None if one.isdev() else one)
        for number in range(fill):
            noise = tarfile.TarInfo(f"srv/{number}.bin")
            noise.size = 1 << 20
            archive.addfile(noise, BytesIO(os.urandom(1 << 20)))


def image(folder: Path, layers: list[Path]) -> None:
    """An OCI layout of layers."""
    import gzip
    import hashlib

    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def keep(content: bytes, kind: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    found, plain = [], []
    for one in layers:
        content = one.read_bytes()
        plain.append(f"sha256:{hashlib.sha256(content).hexdigest()}")
        found.append(keep(gzip.compress(content, 1), "application/vnd.oci.image.layer.v1.tar+gzip"))
    body = {"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": plain}}
    config = keep(json.dumps(body).encode(), "application/vnd.oci.image.config.v1+json")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = keep(
        json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": found}).encode(), kind
    )
    named = {**manifest, "annotations": {"org.opencontainers.image.ref.name": "x"}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def measured(host: str, layout: Path, tag: str, project: Path) -> tuple[float, float, float]:
    """Seconds from the event to the row as a reader finds it, those that the row itself says, those of the push."""
    record, began = Record.open(project / ".lockgate"), time.time()
    subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{layout}:x", f"docker://{host}/team/cart:{tag}"],
                   check=True)  # fmt: skip
    pushed = time.time()
    while not (rows := [row for row in record.rows("ImageSteps") if row["Tag"] == tag]):
        time.sleep(0.05)
    seen = time.time()
    accepted: datetime = rows[0]["Accepted"]
    return seen - accepted.timestamp(), float(rows[0]["Seconds"]), pushed - began


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=200)
    arguments = parser.parse_args()
    missing = [name for name in ("skopeo", *([] if arguments.root else ["debootstrap"])) if not shutil.which(name)]
    if PROGRAM is None or missing:
        print("needs Debian's docker-registry, skopeo and, without --root, debootstrap")
        return
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as name:
        folder = Path(name)
        root = arguments.root or folder / "root"
        if not arguments.root:
            subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(root)], check=True, stdout=sys.stderr)
        _measure(folder, root, arguments.times, arguments.megabytes)


def _measure(folder: Path, root: Path, times: int, megabytes: int) -> None:
    project = folder / "project"
    (project / ".lockgate").mkdir(parents=True)
    (folder / "advisories").mkdir()
    (folder / "advisories" / "one.json").write_text(json.dumps(ADVISORY))
    AdvisoryStore.build([folder / "advisories"], project / ".lockgate" / "advisories.db")
    lockgate = [sys.executable, "-m", "lockgate"]
    token = subprocess.run([*lockgate, "tokens", "add", "registry", "--may", "registry"], cwd=project, check=True,
                           capture_output=True, text=True).stdout.strip()  # fmt: skip
    layer(folder / "size.tar", root, b"", 0)
    fill = max(0, megabytes - (folder / "size.tar").stat().st_size // 2**20)
    (folder / "size.tar").unlink()
    address = f"127.0.0.1:{free_port()}"
    with running(folder, tells=f"http://{address}/registry/events/distribution", token=token) as host:
        watch = subprocess.Popen([*lockgate, "registry", "watch", host, "--listen", address], cwd=project,
                                 stdout=subprocess.PIPE, stderr=(folder / "log").open("w"), text=True)  # fmt: skip
        assert watch.stdout is not None
        watch.stdout.readline()
        whole, said, pushes, shared = [], [], [], []
        for number in range(times):
            layout = folder / f"layout{number}"
            layer(folder / "base.tar", root, str(number).encode(), fill)
            image(layout, [folder / "base.tar"])
            seen, told, push = measured(host, layout, f"first{number}", project)
            whole, said, pushes = [*whole, seen], [*said, told], [*pushes, push]
            with tarfile.open(folder / "more.tar", "w") as archive:
                info = tarfile.TarInfo(f"app/{number}")
                archive.addfile(info)
            image(layout, [folder / "base.tar", folder / "more.tar"])
            shared.append(measured(host, layout, f"again{number}", project)[0])
            shutil.rmtree(layout)
        status = Path(f"/proc/{watch.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
        ticks = Path(f"/proc/{watch.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
        watch.send_signal(signal.SIGTERM)
        watch.wait()
    size = (folder / "base.tar").stat().st_size / 2**20
    print(f"image of {size:.0f} MB unpacked, {times} times; pushed in {statistics.median(pushes):.1f} s (median)")
    print(f"event to stored verdict: {_spread(whole)}; as the watch says: {_spread(said)}")
    print(f"an image that shares all but a layer: {_spread(shared)}")
    print(f"the watch: {cpu / (2 * times):.1f} CPU s an image, peak {int(peak) / 1024:.0f} MB")


def _spread(values: list[float]) -> str:
    return f"median {statistics.median(values):.2f} s ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    main()
