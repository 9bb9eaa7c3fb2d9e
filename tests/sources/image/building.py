"""Images as tests build them: OCI layouts and archives of docker save, of layers given as files."""

import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tests.formats.oci.archives import gz, tar
from tests.formats.oci.documents import CONFIG, INDEX, LAYER, MANIFEST, digest

Layer = bytes | dict | list


class Layout:
    """An OCI layout in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.entries: list[dict] = []

    def blob(self, content: bytes, media_type: str, **more) -> dict:
        (self.folder / "blobs" / "sha256" / digest(content)[7:]).write_bytes(content)
        return {"mediaType": media_type, "digest": digest(content), "size": len(content), **more}

    def image(self, *layers: Layer, steps: Sequence[str] = (), pack=gz, media_type: str = LAYER,
              architecture: str = "amd64", **run) -> dict:  # fmt: skip
        """The descriptor of an image; ``steps`` that begin with ``-`` bring no layer."""
        plain = [one if isinstance(one, bytes) else tar(one) for one in layers]
        history = [{"created_by": one.lstrip("-"), "empty_layer": one.startswith("-")} for one in steps]
        body = {
            "os": "linux", "architecture": architecture, "config": run, "history": history,
            "rootfs": {"type": "layers", "diff_ids": [digest(one) for one in plain]},
        }  # fmt: skip
        manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST, "config": self.blob(json.dumps(body).encode(), CONFIG),
            "layers": [self.blob(pack(one), media_type) for one in plain],
        }  # fmt: skip
        return self.blob(json.dumps(manifest).encode(), MANIFEST)

    def index(self, *entries: dict) -> dict:
        body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}
        return self.blob(json.dumps(body).encode(), INDEX)

    def name(self, entry: dict, tag: str) -> dict:
        self.entries.append({**entry, "annotations": {"org.opencontainers.image.ref.name": tag}})
        self.index_json(*self.entries)
        return entry

    def index_json(self, *entries: dict) -> None:
        body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}
        (self.folder / "index.json").write_text(json.dumps(body))


def docker_archive(path: Path, images: dict[str, list[Layer]]) -> Path:
    """An archive as ``docker save`` wrote it before Docker 25; a layer of two images is a link the second time."""
    members: list = []
    written: dict[bytes, str] = {}
    entries = []
    for number, (tag, layers) in enumerate(images.items()):
        plain = [one if isinstance(one, bytes) else tar(one) for one in layers]
        roots = {"type": "layers", "diff_ids": [digest(one) for one in plain]}
        body = {"os": "linux", "architecture": "amd64", "history": [], "config": {}, "rootfs": roots}
        config = json.dumps(body).encode()
        paths = []
        for place, one in enumerate(plain):
            name = f"{number}{place}/layer.tar"
            if one in written:
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, f"../{written[one]}"
                members.append((name, link))
            else:
                written[one] = name
                members.append((name, one))
            paths.append(name)
        members.append((f"{digest(config)[7:]}.json", config))
        entries.append({"Config": f"{digest(config)[7:]}.json", "RepoTags": [tag], "Layers": paths})
    path.write_bytes(tar([*members, ("manifest.json", json.dumps(entries).encode())]))
    return path
