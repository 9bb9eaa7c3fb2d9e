"""How requests fail that cannot be judged, by namespace."""

import pytest

from lockgate.cli._admission import failure_modes
from lockgate.server.admission import FailureMode
from lockgate.settings import AdmissionSettings
from lockgate.settings._shapes import OnFailure


@pytest.mark.parametrize(("failure", "fail_open", "fail_closed", "namespace", "mode"), [
    ("open", (), ("prod-*",), "prod-shop", "closed"),
    ("open", (), ("prod-*",), "dev", "open"),
    ("closed", ("dev-*",), (), "dev-ada", "open"),
    ("closed", ("dev-*",), (), "prod", "closed"),
    ("closed", ("*",), ("prod-*",), "prod-shop", "closed"),
    ("closed", ("prod-shop",), ("prod-*",), "prod-shop", "open"),
    ("closed", ("prod-*",), ("prod-shop",), "prod-shop", "closed"),
    ("open", ("prod",), ("prod",), "prod", "closed"),
    ("closed", ("*",), (), "", "closed"),
])  # fmt: skip
def test_a_namespace_fails_as_its_name_or_a_glob_says(failure, fail_open, fail_closed, namespace, mode):
    settings = AdmissionSettings(failure=OnFailure(failure), fail_open=fail_open, fail_closed=fail_closed)
    assert failure_modes(settings).of(namespace) is FailureMode(mode)
