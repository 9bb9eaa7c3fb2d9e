"""Paths whose text holds no credentials of its own, as one joined RE2.

Pictures, fonts, archives, lock files (hashes), code of other people that was copied in whole, minified bundles of
well-known libraries. What does not belong: what the user excludes (settings) and ignore files (sources).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_ENDINGS = (
    "bmp|gif|jpe?g|png|ico|icns|svgz?|tiff?|webp|avif|heic|psd|xcf|ai|eps|eot|otf|ttf|ttc|woff2?|mp[34]|m4[av]|ogg|ogv|wav|flac|"
    "avi|mkv|mov|webm|zip|gz|tgz|bz2|xz|zst|7z|rar|tar|jar|war|ear|whl|egg|gem|nupkg|deb|rpm|apk|dmg|iso|exe|dll|so|dylib|a|o|"
    "obj|lib|pdb|class|pyc|pyo|wasm|node|docx?|xlsx?|pptx?|od[tsp]|pdf|gltf|glb|stl|onnx|pb|pt|h5|npy|npz|parquet|avro|orc|"
    "vsidx|suo|mo|bin|dat|lockb|snap"
)
_LOCKS = (
    r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|deno\.lock|poetry\.lock|pipfile\.lock|"
    r"pdm\.lock|uv\.lock|pylock(?:\.[^/]+)?\.toml|cargo\.lock|go\.(?:sum|work\.sum)|gemfile\.lock|composer\.lock|podfile\.lock|"
    r"mix\.lock|pubspec\.lock|package\.resolved|packages\.lock\.json|gradle\.lockfile|conan\.lock|flake\.lock|"
    r"verification-metadata\.xml|chart\.lock|\.terraform\.lock\.hcl|gradlew(?:\.bat)?|mvnw(?:\.cmd)?"
)
_FOLDERS = (
    r"node_modules|bower_components|vendor/(?:github\.com|golang\.org|google\.golang\.org|gopkg\.in|k8s\.io|sigs\.k8s\.io|"
    r"go\.[^/]+|bundle|ruby)|\.git/(?:objects|lfs|index|logs)|site-packages|\.venv|\.yarn/(?:cache|releases)|__pycache__|"
    r"[a-z0-9_.]+-[0-9.]+\.dist-info"
)
_BUNDLES = (
    r"(?:angular|bootstrap|jquery|plotly|swagger-?ui|d3|lodash|react|vue|highlight|mermaid|moment|three)[a-z0-9.-]*"
    r"\.min\.(?:js|css|mjs)|[^/]+\.(?:js|css)\.map"
)
QUIET_PATHS = (
    rf"(?i)\.(?:{_ENDINGS})$|(?:^|/)(?:{_LOCKS})$|(?:^|/)(?:{_FOLDERS})(?:/|$)|(?:^|/)(?:{_BUNDLES})$|"
    r"(?:^|/)vendor/modules\.txt$|^image-survey\.json$"  # of an image: what is in it stands elsewhere too
)
"""RE2, searched in a path with forward slashes."""


@lru_cache(maxsize=1)
def _compiled() -> Any:
    from lockgate.patterns.matcher import compile_joined

    return compile_joined((QUIET_PATHS,))


@lru_cache(maxsize=65536)
def is_quiet(path: str) -> bool:
    """Whether text at that path is passed over."""
    return _compiled().search(path.encode("utf-8", "surrogateescape")) is not None
