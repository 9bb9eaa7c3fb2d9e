"""Mutators as they are read, and those that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy.gatekeeper.builders import mutator

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.mutation import parse_mutator
from lockgate.policy.gatekeeper.mutation.image import Image, part_problem


def _with(body: dict[str, Any], **spec: Any) -> dict[str, Any]:
    body["spec"].update(spec)
    return body


_VALUE = {"assign": {"value": 1}}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (mutator("Assign", "a", "metadata.labels.x", **_VALUE), "spec.location"),
        (mutator("Assign", "a", "spec.", **_VALUE), "spec.location"),
        (mutator("Assign", "a", "spec.c[name: x].name", **_VALUE), "spec.location"),
        (mutator("Assign", "a", "spec.c[name: x]", **_VALUE), "spec.parameters.assign.value"),
        (mutator("Assign", "a", "spec.c[name: x]", assign={"value": {"name": "y"}}), "spec.parameters.assign.value"),
        (mutator("Assign", "a", "spec.c[name: *]", assign={"value": {"name": "y"}}), "spec.parameters.assign"),
        (
            mutator("Assign", "a", "spec.c[name: x]", assign={"fromMetadata": {"field": "name"}}),
            "spec.parameters.assign",
        ),
        (mutator("Assign", "a", "spec.x", assign={}), "spec.parameters.assign"),
        (
            mutator("Assign", "a", "spec.x", assign={"value": 1, "fromMetadata": {"field": "name"}}),
            "spec.parameters.assign",
        ),
        (
            mutator("Assign", "a", "spec.x", assign={"fromMetadata": {"field": "uid"}}),
            "spec.parameters.assign.fromMetadata.field",
        ),
        (
            mutator("Assign", "a", "spec.x", assign={"externalData": {"provider": "p"}}),
            "spec.parameters.assign.externalData",
        ),
        (mutator("Assign", "a", "spec.x", assignIf={"in": [1]}, **_VALUE), "spec.parameters.assignIf"),
        (_with(mutator("Assign", "a", "spec.x", **_VALUE), applyTo=[]), "spec.applyTo"),
        (
            _with(mutator("Assign", "a", "spec.x", **_VALUE), applyTo=[{"groups": [""], "kinds": ["Pod"]}]),
            "spec.applyTo[0]",
        ),
        (
            _with(
                mutator("Assign", "a", "spec.x", **_VALUE),
                applyTo=[{"groups": ["*"], "versions": ["v1"], "kinds": ["Pod"]}],
            ),
            "spec.applyTo[0]",
        ),
        (
            _with(
                mutator("Assign", "a", "spec.x", **_VALUE),
                applyTo=[{"groups": [""], "versions": ["v1"], "kinds": ["Pod"], "operations": ["DELETE"]}],
            ),
            "spec.applyTo[0].operations[0]",
        ),
        (
            _with(
                mutator("Assign", "a", "spec.x", **_VALUE),
                applyTo=[{"groups": [""], "versions": ["v1"], "kinds": ["Pod"], "operations": ["*", "CREATE"]}],
            ),
            "spec.applyTo[0].operations",
        ),
        (
            mutator("Assign", "a", "spec.x", pathTests=[{"subPath": "spec.y", "condition": "MustExist"}], **_VALUE),
            "spec.parameters.pathTests[0].subPath",
        ),
        (
            mutator("Assign", "a", "spec.x", pathTests=[{"subPath": "spec", "condition": "Exists"}], **_VALUE),
            "spec.parameters.pathTests[0].condition",
        ),
        (
            mutator(
                "Assign",
                "a",
                "spec.x",
                pathTests=[
                    {"subPath": "spec", "condition": "MustExist"},
                    {"subPath": "spec", "condition": "MustNotExist"},
                ],
                **_VALUE,
            ),
            "spec.parameters.pathTests[1]",
        ),
        (
            mutator(
                "Assign",
                "a",
                "spec.x",
                pathTests=[
                    {"subPath": "spec.x", "condition": "MustExist"},
                    {"subPath": "spec", "condition": "MustNotExist"},
                ],
                **_VALUE,
            ),
            "spec.parameters.pathTests",
        ),
        (mutator("AssignMetadata", "a", "metadata.name", assign={"value": "x"}), "spec.location"),
        (mutator("AssignMetadata", "a", "metadata.labels.x.y", assign={"value": "x"}), "spec.location"),
        (mutator("AssignMetadata", "a", "metadata.labels.x", assign={"value": 1}), "spec.parameters.assign.value"),
        (mutator("ModifySet", "a", "spec.c[name: x]", values={"fromList": [1]}), "spec.location"),
        (
            mutator("ModifySet", "a", "spec.x", operation="replace", values={"fromList": [1]}),
            "spec.parameters.operation",
        ),
        (mutator("AssignImage", "a", "spec.image"), "spec.parameters"),
        (mutator("AssignImage", "a", "spec.image", assignTag="1.2"), "spec.parameters"),
        (mutator("AssignImage", "a", "spec.c[name: x]", assignTag=":1.2"), "spec.location"),
        (mutator("Assign", "a" * 64, "spec.x", **_VALUE), "metadata.name"),
        (mutator("AssignBody", "a", "spec.x", **_VALUE), "kind"),
    ],
)
def test_what_gatekeeper_refuses_is_refused_with_its_place(body: Any, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_mutator(body)
    assert caught.value.where == f"{body['kind']}/{body['metadata']['name'][:80]}: {place}"


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("registry.example.com:5000/shop/web:1.2", ("registry.example.com:5000", "shop/web", ":1.2")),
        ("localhost/web", ("localhost", "web", "")),
        ("library/web", ("", "library/web", "")),
        ("web@sha256:0123", ("", "web", "@sha256:0123")),
        ("web:1@sha256:0", ("", "web", ":1@sha256:0")),
        ("", ("", "", "")),
    ],
)
def test_images_fall_into_parts_and_together_again(reference: str, parts: tuple[str, str, str]) -> None:
    image = Image.parse(reference)
    assert (image.domain, image.path, image.tag) == parts
    assert str(image) == reference


@pytest.mark.parametrize(
    "parts",
    [
        Image(),
        Image(domain="registry"),
        Image(domain="-a.b"),
        Image(path="Shop"),
        Image(path="a//b"),
        Image(path="a b"),
        Image(path="registry.example.com/shop"),
        Image(tag="latest"),
        Image(tag=":a b"),
        Image(tag="@sha256:12"),
    ],
)
def test_parts_that_could_leak_into_others_are_refused(parts: Image) -> None:
    assert part_problem(parts)


@pytest.mark.parametrize(
    "parts",
    [
        Image(domain="registry.example.com"),
        Image(domain="localhost:5000"),
        Image(path="shop/web__a-b.c"),
        Image(tag=":v1.2_3"),
        Image(tag="@sha256:" + "a1" * 32),
        Image(domain="a.b", path="c.d/e"),
    ],
)
def test_parts_that_keep_to_themselves_are_taken(parts: Image) -> None:
    assert part_problem(parts) == ""
