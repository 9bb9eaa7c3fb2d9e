"""What there is: repositories, images, clusters; and a search over everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.access.ruling import reach
from lockgate.model.actor import Actor
from lockgate.server.console import looks, questions
from lockgate.server.console.asking import needs
from lockgate.server.console.drawing import page
from lockgate.server.console.lists import views_of
from lockgate.server.console.questions import Filter

ROUTES = APIRouter()
_FEW = 10
_WORD = "declare query_parameters(pWord:string='');\n"
_SEARCHED = (
    ("Repositories", f"{_WORD}Runs | where Root contains pWord | summarize Runs=count() by Root | take {_FEW}", "Root"),
    (
        "Images",
        f"{_WORD}Images | where Name contains pWord or ImageDigest == pWord | distinct Name | take {_FEW}",
        "Name",
    ),
    (
        "Packages",
        f"{_WORD}Components | where Name contains pWord or Purl == pWord | summarize Places=dcount(Path) by Name, "
        f"PackageVersion | take {_FEW}",
        "Name",
    ),
    (
        "Objects of clusters",
        f"{_WORD}KubernetesObjects | where Name contains pWord | summarize arg_max(TimeGenerated, Kind) by Cluster, "
        f"Namespace, Name | take {_FEW}",
        "Name",
    ),
)
"""Where a word is looked for: heading, query, the column that names what was found."""


@ROUTES.get("/inventory")
async def inventory(request: Request, actor: Annotated[Actor, needs(permissions.REPOSITORIES_READ)]) -> Response:
    """What the record has seen."""
    repositories = await looks.rows(request, actor, questions.REPOSITORIES)
    images = await looks.rows(request, actor, questions.IMAGES) if reach(actor, permissions.IMAGES_READ) else []
    clusters = await looks.rows(request, actor, questions.CLUSTERS) if reach(actor, permissions.CLUSTERS_READ) else []
    return page(request, "inventory.html", repositories=repositories, images=images, clusters=clusters)


@ROUTES.get("/search")
async def search(
    request: Request, actor: Annotated[Actor, needs(permissions.FINDINGS_READ)],
    word: Annotated[str, Query(max_length=200)] = "",
) -> Response:  # fmt: skip
    """Whatever has that word: findings, repositories, images, packages, objects."""
    word = word.strip()
    found = []
    if word:
        wanted = Filter(word=word)
        findings = await looks.rows(request, actor, questions.listed(wanted, _FEW), wanted.parameters())
        for heading, query, column in _SEARCHED:
            rows = await looks.rows(request, actor, query, {"pWord": word})
            found.append((heading, column, rows))
    else:
        findings = []
    return page(request, "search.html", word=word, findings=findings, found=found,
                views=views_of(request, actor, "search"))  # fmt: skip
