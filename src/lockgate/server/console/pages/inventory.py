"""What there is: environments, repositories, images, clusters; and a search over everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from lockgate.access import permissions
from lockgate.access.ruling import reach
from lockgate.model.actor import Actor
from lockgate.server.console import environments, looks, questions
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


SORTS = ("worst", "name", "newest")
"""What the lists of the inventory can be sorted by."""
_FINDINGS = ("Critical", "High", "Findings", "FindingCount")


@ROUTES.get("/inventory")
async def inventory(
    request: Request, actor: Annotated[Actor, needs(permissions.REPOSITORIES_READ)],
    word: Annotated[str, Query(max_length=200)] = "", sort: Annotated[str, Query(max_length=20)] = "worst",
) -> Response:  # fmt: skip
    """What the record has seen, and the environments that the gate knows."""
    word, order = word.strip(), sort if sort in SORTS else SORTS[0]
    repositories = await looks.rows(request, actor, questions.REPOSITORIES)
    images = await looks.rows(request, actor, questions.IMAGES) if reach(actor, permissions.IMAGES_READ) else []
    clusters = await looks.rows(request, actor, questions.CLUSTERS) if reach(actor, permissions.CLUSTERS_READ) else []
    known = await run_in_threadpool(environments.seen, request, actor)
    return page(
        request, "inventory.html", word=word, sort=order, sorts=SORTS, views=views_of(request, actor, "inventory"),
        repositories=_narrowed(repositories, word, order, "Root"), images=_narrowed(images, word, order, "Name"),
        clusters=_narrowed(clusters, word, order, "Cluster"),
        environments=[one for one in known if word.lower() in one.name.lower()],
    )  # fmt: skip


def _narrowed(rows: list[looks.Row], word: str, order: str, name: str) -> list[looks.Row]:
    """Those whose name has the word, in the order that was asked for."""
    found = [one for one in rows if word.lower() in str(one[name] or "").lower()]
    if order == "name":
        return sorted(found, key=lambda one: str(one[name] or "").lower())
    if order == "newest":
        return sorted(found, key=lambda one: str(one.get("TimeGenerated") or one.get("Seen") or ""), reverse=True)
    return sorted(found, key=lambda one: [-int(one.get(column) or 0) for column in _FINDINGS])


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
