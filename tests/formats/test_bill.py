"""Components gathered into the packages of a bill of materials."""

from __future__ import annotations

import pytest

from lockgate.formats.bill import digest, gather, spdx_expression
from lockgate.model import Component, Scope


def part(name: str, path: str = "a/lock", **more) -> Component:
    return Component("npm", name, "1", path, purl=f"pkg:npm/{name}@1", **more)


def test_the_most_needed_scope_and_any_direct_use_win():
    (package,) = gather([part("x", scope=Scope.DEVELOPMENT), part("x", "b/lock", direct=True)])
    assert (package.scope, package.direct, package.places) == (Scope.RUNTIME, True, (("a/lock", 0), ("b/lock", 0)))


def test_a_parent_is_looked_up_in_its_own_file():
    packages = {package.name: package for package in gather([part("x"), part("y", "b/lock", parents=("x@1",))])}
    assert packages["x"].needs == ()
    packages = {package.name: package for package in gather([part("x"), part("y", parents=("x@1",))])}
    assert packages["x"].needs == ("pkg:npm/y@1",)


def test_a_package_does_not_need_itself():
    assert gather([part("x", parents=("x@1",))])[0].needs == ()


@pytest.mark.parametrize(
    "stated", ["sha256:zz", "sha256:" + "a" * 63, "h1:" + "a" * 64, "nothing", "", "sha256:" + "\u0661" * 64]
)
def test_a_hash_that_is_none_is_left_out(stated):
    assert gather([part("x", hashes=(stated,))])[0].hashes == ()


def test_the_digest_does_not_depend_on_the_order():
    parts = [part("x"), part("y", parents=("x@1",))]
    assert digest(gather(parts)) == digest(gather(parts[::-1])) != digest(gather(parts[:1]))


@pytest.mark.parametrize(
    ("stated", "expression"),
    [
        ("mit", "MIT"),
        ("Apache-2.0 or MIT", "Apache-2.0 OR MIT"),
        ("MIT License", ""),
        ("", ""),
        ("(" * 400, ""),
        ("__import__('os')", ""),
        ("MIT " * 400, ""),
    ],
)
def test_only_listed_licences_make_an_expression(stated, expression):
    assert spdx_expression(stated) == expression
