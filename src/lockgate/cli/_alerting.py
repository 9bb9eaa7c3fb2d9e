"""The alerts of a project: ``python -m lockgate.cli._alerting PROJECT`` looks once for the server's timer, and ends.

It reads the settings, waivers and owners anew each time. What it found goes to its output, a line of JSON a span.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from lockgate.cli._project import Project, project_at
from lockgate.engine import cluster_alerts
from lockgate.engine.alerting import SOURCE, Looking, keep
from lockgate.engine.request import Request
from lockgate.errors import LockgateError
from lockgate.store.ingest import Collected

if TYPE_CHECKING:
    from lockgate.engine.alert_notices import Notices
    from lockgate.model import Result

_MOST_NAMED = 20
"""New alerts that the log names at a time."""


def state_of(project: Project) -> Path:
    """The file that says how far was looked; whoever keeps or tells holds it."""
    return project.workspace.folder / "alerts"


def looking(project: Project, *, tell: bool) -> Looking:
    """How alerts of ``project`` are looked at. ``tell``: with its notices, whose file the caller holds."""
    settings = project.settings
    request = Request(gate=settings.gate, waivers=project.waivers(), owners=project.owners())
    notices = _notices(project) if tell and settings.alerts.notice is not None else None
    return Looking(project.record(), cluster_alerts.rules_of(), request, notices)


def _notices(project: Project) -> Notices | None:
    settings = project.settings.alerts.notice
    if settings is None:
        return None
    from lockgate.engine.alert_notices import Notices
    from lockgate.transport import Trust

    authority = str(project.top / settings.ca_file) if settings.ca_file else ""
    return Notices(state_of(project).with_name("alerts-notices.json"), settings, Trust(ca_file=authority))


def new_lines(result: Result) -> list[str]:
    """The new alerts of a look, for the log."""
    new = [one for one in result.findings if one.state == "new" and not one.waived]
    lines = [f"{one.finding.message}: {one.finding.severity}" for one in new[:_MOST_NAMED]]
    return lines + ([f"and {len(new) - _MOST_NAMED} more"] if len(new) > _MOST_NAMED else [])


def main(arguments: list[str]) -> int:
    """Look; 0 when all was done, else the code of the error, which goes to the error output."""
    (place,) = arguments
    if hasattr(os, "nice"):
        os.nice(5)  # whoever answers requests goes first
    try:
        every = float(orjson.loads(sys.stdin.buffer.read())["every"])
        project = project_at(Path(place))
        if Collected(project.record()).get(SOURCE) is None:
            return 0
        made: list[Looking] = []

        def look() -> Looking:
            made.append(looking(project, tell=True))
            return made[0]

        for end, result in keep(look, state_of(project), every, now=time.time()):
            _tell(at=end.isoformat(), fired=len(result.findings), new=new_lines(result), fixed=len(result.fixed),
                  waived=sum(one.waived for one in result.findings))  # fmt: skip
        if made and (sent := made[0].sent):
            _tell(sent=sent)
    except LockgateError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


def _tell(**told: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
