"""How fast CEL is compiled, kept and evaluated, beside cel-expr-python (Google's C++ CEL) in the same run.

Run: ``python -m bench.cel``. The expressions are chosen ones over one Pod, and the 16 CEL sources of Gatekeeper's
library where the corpora are (``LOCKGATE_CORPORA``). Times are CPU microseconds, the median of several rounds.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from lockgate.policy.budget import Budget
from lockgate.policy.cel import compile_expression, load_expression
from lockgate.policy.cel.program import Program, activation_of, parse_program, violations

CORPORA = Path(os.environ.get("LOCKGATE_CORPORA", Path(__file__).resolve().parents[2] / "shared" / "corpora"))
CONTAINER = {
    "image": "registry.example/app:1.2",
    "env": [{"name": f"E{number}", "value": "x"} for number in range(10)],
    "securityContext": {"runAsUser": 1000, "capabilities": {"drop": ["ALL"]}},
    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
    "volumeMounts": [{"name": "v", "mountPath": f"/a{number}"} for number in range(3)],
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "prod", "labels": {f"k{number}": "v" for number in range(6)}},
    "spec": {
        "containers": [{"name": f"c{number}", **CONTAINER} for number in range(3)],
        "volumes": [{"name": "v", "emptyDir": {}}],
    },
}
EXPRESSIONS = {
    "one field": "object.metadata.name == 'web'",
    "a test of each container": "object.spec.containers.all(c, has(c.resources) && c.securityContext.runAsUser > 0)",
    "a filter and a text": "object.spec.containers.filter(c, !c.image.contains(':')).map(c, c.name).join(', ') == ''",
    "two loops in each other": "object.spec.containers.all(c, c.env.all(e, e.name.startsWith('E') || e.value == ''))",
    "a pattern": "object.spec.containers.all(c, c.image.matches('^[a-z.]+/'))",
    "an error absorbed": "object.spec.nothing.x || object.metadata.name == 'web'",
}
PARAMETERS: dict[str, Any] = {
    "labels": [{"key": "app"}],
    "allowedProfiles": ["RuntimeDefault"],
    "exemptImages": ["registry.example/system/*"],
    "requiredDropCapabilities": ["ALL"],
    "forbiddenSysctls": ["*"],
    "procMount": "Default",
}


def median(work: Callable[[], object], rounds: int = 7, times: int = 200) -> float:
    """CPU microseconds of one ``work``."""
    work()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - start) / times * 1e6)
    return statistics.median(taken)


def peer() -> Any:
    try:
        from cel_expr_python import cel
    except ImportError:
        return None
    config = cel.NewEnvConfigFromYaml("name: bench\nextensions:\n- name: strings\n")
    return cel.NewEnv(config=config, variables={"object": cel.Type.DYN})


def compare(title: str, text: str, environment: Any) -> None:
    activation = {"object": POD}
    ours = compile_expression(text, variables=["object"])
    kept = ours.dump()
    compiling = median(lambda: compile_expression(text, variables=["object"]), times=20)
    loading = median(lambda: load_expression(kept))
    running = median(lambda: ours.evaluate(activation))
    line = f"{title:26} compile {compiling:7.0f}  load {loading:5.1f}  evaluate {running:6.2f}"
    if environment is not None:
        theirs = environment.compile(text)
        slow = median(lambda: theirs.eval(data=activation).value(), times=50)
        line += f"  cel-expr-python {slow:7.1f} = {slow / running:5.0f} x"
    print(line)


def programs() -> list[Program]:
    found = []
    for path in sorted((CORPORA / "gatekeeper-library" / "library").glob("*/*/template.yaml")):
        for target in yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]["targets"]:
            found += [code["source"] for code in target.get("code", ()) if code["engine"] == "K8sNativeValidation"]
    variables = ("object", "oldObject", "request", "namespaceObject")
    given = ("params", "anyObject")
    return [parse_program(s, variables=variables, given=given, conditions="matchCondition") for s in found]


def judge(all_programs: list[Program]) -> int:
    found = 0
    for program in all_programs:
        budget = Budget()
        given = {"params": PARAMETERS, "anyObject": POD}
        activation = activation_of(program, {"object": POD, "request": {}}, budget=budget, given=given)
        found += sum(1 for _ in violations(program, activation, budget=budget))
    return found


def main() -> None:
    environment = peer()
    if environment is None:
        print("cel-expr-python is not installed: nothing to compare with")
    for title, text in EXPRESSIONS.items():
        compare(title, text, environment)
    start = time.process_time()
    made = programs()
    if not made:
        print(f"no templates below {CORPORA}")
        return
    compiled = (time.process_time() - start) * 1e3
    expressions = sum(len(program.variables) + len(program.validations) for program in made)
    spent = median(lambda: judge(made), times=20)
    print(
        f"{len(made)} sources of Gatekeeper's library: read and compiled in {compiled:.0f} ms ({expressions} variables"
    )
    print(f"  and validations), one Pod judged in {spent:.0f} us = {spent / len(made):.1f} us a source")


if __name__ == "__main__":
    main()
