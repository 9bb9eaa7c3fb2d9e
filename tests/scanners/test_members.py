"""The scanners of Dockerfiles and workflows are found as members of their folder."""

from __future__ import annotations

import lockgate.scanners
from lockgate.discover import discover
from lockgate.model import Family
from lockgate.scanners import Scanner


def test_both_scanners_are_members_of_the_folder() -> None:
    members = discover(lockgate.scanners, "SCANNER", Scanner)
    assert members["dockerfiles"].family is Family.DOCKERFILES and members["dockerfiles"].cacheable
    assert members["workflows"].family is Family.WORKFLOWS and not members["workflows"].cacheable
