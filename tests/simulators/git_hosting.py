"""Repositories served to git over HTTP on loopback by git's own ``http-backend``, for who shows the right password."""

import base64
import os
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PROGRAMS = subprocess.run(["git", "--exec-path"], capture_output=True, text=True).stdout.strip()
BACKEND = Path(_PROGRAMS, "git-http-backend")


def serve_git(handler: BaseHTTPRequestHandler, root: Path, path: str, password: str, body: bytes) -> None:
    """Answer a request of git for a bare repository below ``root``."""
    shown = handler.headers.get("Authorization", "")
    packed = base64.b64decode(shown.removeprefix("Basic ")).decode() if shown.startswith("Basic ") else ""
    if packed.partition(":")[2] != password:
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", 'Basic realm="forge"')
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    query = urlsplit(handler.path).query
    environment = {
        "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": unquote(path), "QUERY_STRING": query, "REQUEST_METHOD": handler.command,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": handler.headers.get("Content-Type", ""), "REMOTE_USER": "forge", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""), "HOME": str(root),
    }  # fmt: skip
    done = subprocess.run([str(BACKEND)], input=body, capture_output=True, env=environment)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    handler.send_response(int(headers.pop("Status", "200").split()[0]))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def hosted(root: Path, name: str) -> Path:
    """A bare repository that gives every commit that it holds, as forges do."""
    folder = root / name
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "config", "uploadpack.allowAnySHA1InWant", "true"], check=True)
    subprocess.run(["git", "-C", str(folder), "config", "http.receivepack", "true"], check=True)
    return folder
