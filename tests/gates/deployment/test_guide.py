"""The settings that the guide shows are settings that hold."""

from __future__ import annotations

import re
from pathlib import Path

from lockgate.engine.deployments.notices import check
from lockgate.gates.deployment.environment import environments_of
from lockgate.settings import loads

GUIDE = Path(__file__).parents[3] / "docs" / "gates.md"


def test_the_example_of_the_guide_can_be_used_as_it_stands(tmp_path, monkeypatch) -> None:
    example = re.search(r"```yaml\n(environments:.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    settings = loads(example[1].encode())
    (environment,) = environments_of(settings.environments)
    assert environment.settings.break_glass is not None
    for name, value in (
        ("SMTP", "x"), ("TEAMS_WORKFLOW", "https://teams.example/x?sig=y"), ("SLACK_WEBHOOK", "https://slack.example/x"),
        ("HOOK_SECRET", "a secret of enough bytes"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    assert len(settings.gate_notices) == 4
    for channel in settings.gate_notices:
        check(channel, "guide", tmp_path)
