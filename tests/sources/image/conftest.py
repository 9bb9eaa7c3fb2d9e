"""A layout to build images in."""

import pytest
from tests.sources.image.building import Layout


@pytest.fixture
def layout(tmp_path) -> Layout:
    return Layout(tmp_path / "layout")
