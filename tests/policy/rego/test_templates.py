"""Every template of the public libraries is parsed, compiled, kept and loaded again."""

from pathlib import Path

import pytest
import yaml
from tests.corpora import CORPORA

from lockgate.policy.rego import Program, Source, compile_modules

LIBRARY = sorted((CORPORA / "gatekeeper-library" / "library").glob("*/*/template.yaml"))
AZURE = sorted((CORPORA / "azure-policy-builtins" / "templates").glob("*/template.yaml"))


def sources(path: Path) -> list[list[Source]]:
    """The Rego of a template: one list for each engine's source."""
    found = []
    for target in yaml.safe_load(path.read_text("utf-8"))["spec"]["targets"]:
        texts = [target] if "rego" in target else []
        texts += [code["source"] for code in target.get("code") or () if code["engine"] == "Rego"]
        for text in texts:
            version = text.get("version", "v0")
            modules = [text["rego"], *(text.get("libs") or ())]
            found.append([Source(f"{path.parent.name}-{n}", one, version) for n, one in enumerate(modules)])
    return found


@pytest.mark.skipif(not LIBRARY or not AZURE, reason="the corpora are not here: set LOCKGATE_CORPORA")
def test_all_templates_compile() -> None:
    count = modules = 0
    for path in (*LIBRARY, *AZURE):
        for texts in sources(path):
            program = compile_modules(texts)
            loaded = Program.load(program.dump())
            package = texts[0].text.partition("package")[2].split()[0]
            given = {"review": {"object": {"metadata": {"name": "x"}}}, "parameters": {}}
            path_ = f"data.{package}.violation"
            assert loaded.evaluate(path_, given, {"inventory": {}}) == program.evaluate(path_, given, {"inventory": {}})
            count += 1
            modules += len(texts)
    assert (len(LIBRARY), len(AZURE)) == (49, 27)
    assert (count, modules) == (76, 116)
