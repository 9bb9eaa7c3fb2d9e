"""Manifests and configurations as tests write them."""

import hashlib
import json

OCI = "application/vnd.oci.image."
MANIFEST, INDEX, CONFIG = f"{OCI}manifest.v1+json", f"{OCI}index.v1+json", f"{OCI}config.v1+json"
LAYER = f"{OCI}layer.v1.tar+gzip"


def digest(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def descriptor(name: str = "", media_type: str = LAYER, **more) -> dict:
    return {"mediaType": media_type, "digest": digest(name), "size": len(name), **more}


def manifest(*layers: str, **more) -> bytes:
    body = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("config", CONFIG),
        "layers": [descriptor(one) for one in layers],
    }
    return json.dumps(body | more).encode()


def index(*entries: dict, **more) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)} | more).encode()


def config(*layers: str, history=(), **more) -> bytes:
    body = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [digest(one) for one in layers]},
        "history": list(history),
    }
    return json.dumps(body | more).encode()
