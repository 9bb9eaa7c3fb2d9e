"""A request as JSON values: what the API answers and the command line draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lockgate.engine.deployments.card import card_of, plain

if TYPE_CHECKING:
    from datetime import datetime

    from lockgate.engine.deployments.desk import Looked
    from lockgate.store.team.gates import Kept


def view_of(kept: Kept, looked: Looked | None = None, *, page: str = "") -> dict[str, Any]:
    """A request; with its card and broken glass where it was looked at. ``page``: its address in the console."""
    about = kept.request
    view: dict[str, Any] = {
        "id": about.id, "number": kept.number, "standing": str(kept.standing), "environment": about.environment,
        "repository": about.repository, "ref": about.ref, "commit": about.commit, "images": list(about.images),
        "manifests": about.manifests, "requested_by": about.requested_by, "requested_at": _time(about.requested_at),
        "settled_at": _time(kept.settled_at), "usable_until": _time(kept.usable_until), "binding": kept.binding,
        "missing": list(kept.decision.get("missing", ())), "reasons": list(kept.decision.get("reasons", ())),
        "url": page,
    }  # fmt: skip
    if looked is not None:
        view["card"] = plain(card_of(looked))
        view["glass"] = [
            {"id": one.id, "by": one.name, "reason": one.reason, "until": _time(one.until),
             "followed_up_by": list(one.followed_up_by)} for one in looked.glass
        ]  # fmt: skip
    return view


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
