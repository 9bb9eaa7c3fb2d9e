"""The JSON report: its shape is its schema, and the same result gives the same bytes."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from lockgate.reports.json import SCHEMA, document, schema


@pytest.mark.parametrize("name", ["result", "clean", "hostile"])
def test_every_result_fits_the_published_schema(name, request, draw):
    text = draw("json", request.getfixturevalue(name))
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(text), schema(), cls=jsonschema.Draft202012Validator)


def test_the_schema_refuses_a_field_it_does_not_know(result):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document(result) | {"extra": 1}, schema())


def test_the_order_of_the_input_does_not_show(result, draw):
    shuffled = dataclasses.replace(
        result, findings=result.findings[::-1], skips=result.skips[::-1], components=result.components[::-1]
    )
    assert draw("json", shuffled) == draw("json", result)


def test_open_waived_expired_fixed_and_skipped_are_counted_apart(result):
    assert document(result)["summary"] == {
        "open": {"critical": 1, "high": 1, "medium": 1, "low": 0, "info": 0},
        "total": 3,
        "new": 2,
        "waived": 1,
        "expired_waivers": 1,
        "fixed": 1,
        "skipped": 2,
        "components": 3,
    }


def test_the_old_text_of_an_edit_stays_out(result, draw):
    assert "requests==2.20.0" in draw("json", result)
    assert "expect" not in draw("json", result)
    assert document(result)["schema"] == SCHEMA
