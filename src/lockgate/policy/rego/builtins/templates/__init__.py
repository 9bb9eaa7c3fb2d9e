"""``strings.render_template``: the part of Go's ``text/template`` that renders data.

There are fields, variables, pipelines, ``if``, ``with``, ``range`` with ``break`` and ``continue``, comments, trimming
and the functions of ``functions``. Templates inside templates (``define``, ``template``, ``block``), ``call``, ``js``
and constants other than strings, decimal numbers, booleans and nil are refused by name; ``printf`` is an error where
Go would print one into the text. Numbers of the data are text to a template, as they are in OPA, so ``eq .count 3`` is
an error there and here.
"""

from __future__ import annotations

from typing import Final

from lockgate.policy.rego.builtins.contract import Context, Function
from lockgate.policy.rego.values import Value


def render_template(context: Context, text: Value, variables: Value) -> Value:
    """The template with the variables filled in. The reader is imported by the first call."""
    from lockgate.policy.rego.builtins.templates.render import render_template as render

    return render(context, text, variables)


WITH_CONTEXT: Final[dict[str, Function]] = {"strings.render_template": render_template}
