"""Renders a template with data: what ``strings.render_template`` answers."""

from __future__ import annotations

from typing import Any

from lockgate.policy.rego.builtins.contract import MAX_TEXT, BuiltinError, Context, LimitError, dictionary, string
from lockgate.policy.rego.builtins.templates.parse import parse
from lockgate.policy.rego.builtins.templates.run import Run
from lockgate.policy.rego.values import Set, Value, number_text


def render_template(context: Context, text: Value, variables: Value) -> Value:
    """The template with the variables filled in; ``<undefined>`` where there is none of that name."""
    template, data = string(text, 1), dictionary(variables, 2)
    if len(template) > MAX_TEXT:
        raise LimitError(f"template: longer than {MAX_TEXT} characters")
    written = Run(_data(data), context.budget).text(parse(template, context.budget))
    return written.replace("<no value>", "<undefined>")


def _data(value: Value) -> Any:
    """The data as templates see it. Raises BuiltinError for what JSON does not have, as OPA does."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise BuiltinError("the variables hold a key that is not a string")
        return {key: _data(item) for key, item in value.items()}
    if isinstance(value, Set):
        raise BuiltinError("the variables hold a set")
    if isinstance(value, (list, tuple)):
        return [_data(item) for item in value]
    return number_text(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
