"""GitHub's own description of its API and its recorded webhooks, which ``.ci/run`` takes from npm."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lockgate-ci/octokit"
EXAMPLES = _CACHE / "webhooks-examples-7.6.1/api.github.com.json"
DESCRIPTION = _CACHE / "openapi-23.0.2/api.github.com.json"
GRAPHQL = _CACHE / "graphql-schema-15.26.1/schema.graphql"
MISSING = "needs the files of @octokit that .ci/run fetches"


@cache
def recorded() -> dict[str, list[dict[str, Any]]]:
    """Recorded bodies by the name of their event; nothing where they are not here."""
    if not EXAMPLES.exists():
        return {}
    return {one["name"]: one["examples"] for one in json.loads(EXAMPLES.read_bytes())}


@cache
def description() -> dict[str, Any]:
    """The description of api.github.com, by OpenAPI."""
    told: dict[str, Any] = json.loads(DESCRIPTION.read_bytes())
    return told
