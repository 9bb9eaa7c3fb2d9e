"""The scanners of Dockerfiles and workflows are found as members of their folder."""

from __future__ import annotations

import lockgate.scanners
from lockgate.discover import discover
from lockgate.model import Family
from lockgate.scanners import Scanner, declared_options


def test_both_scanners_are_members_of_the_folder() -> None:
    members = discover(lockgate.scanners, "SCANNER", Scanner)
    assert members["dockerfiles"].family is Family.DOCKERFILES and members["dockerfiles"].cacheable
    assert members["workflows"].family is Family.WORKFLOWS and not members["workflows"].cacheable


def test_options_are_those_of_scanners_and_the_parameters_of_their_rules() -> None:
    assert [one.name for one in declared_options("secrets")] == ["gitleaks", "max_bytes"]
    assert [(one.name, one.many) for one in declared_options("dockerfiles")] == [("trusted_registries", True)]
    assert ("allowed_registries", str, True) in [(one.name, one.kind, one.many) for one in declared_options("policy")]
    assert declared_options("workflows") == ()
