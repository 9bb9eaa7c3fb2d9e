"""A layout with an image, and the way from a registry that serves it to what is read of it."""

import os
import random

import pytest
from tests.sources.image.building import Layout

from lockgate.sources.image import LayerSource, opened, sources_of
from lockgate.sources.image.registry import Client, Credentials, Limits, RegistryPlace, Trust

BIG = random.Random(7).randbytes(300_000)


@pytest.fixture
def layout(tmp_path) -> Layout:
    made = Layout(tmp_path / "layout")
    made.name(made.image({"base": BIG}, {"mine": b"mine"}), "1.2")
    return made


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch, tmp_path):
    """This machine knows no registry."""
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert os.environ["HOME"]


def client_of(registry, credentials=None, *, slept=None, writes=False, **limits) -> Client:
    held = credentials or Credentials()
    sleep = (slept if slept is not None else []).append
    return Client(registry.host, "team/cart", held, trust=Trust(), limits=Limits(**limits), sleep=sleep, writes=writes)


def read(client: Client, key: str = "1.2") -> dict[str, bytes]:
    """Every file of the image, by path."""
    image = opened(RegistryPlace(client), key, name="cart")
    found = {}
    for source in sources_of(image):
        if isinstance(source, LayerSource):
            found |= {row.path: row.load() for row in source.collect(lambda path, size: True)}
    client.close()
    return found
