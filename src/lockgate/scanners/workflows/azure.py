"""An Azure pipeline as jobs, steps, variables and resources with lines; and findings made from hits on it.

Source: https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/. Template expressions used as keys
(``${{ if ... }}:``) are looked through. Templates of other files are not followed. Judging stands in ``checks_azure``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.formats.dockerfile import Command, shell_commands
from lockgate.formats.yaml_safe import Node
from lockgate.model import Finding, Fix, Location, Rule, Subject
from lockgate.scanners.workflows._wanted import named
from lockgate.scanners.workflows.github import masked

_SCRIPTS = ("script", "bash", "pwsh", "powershell")
_STEPS = (*_SCRIPTS, "task", "checkout", "download", "publish", "template", "getPackage", "reviewApp")
_PHASES = ("preDeploy", "deploy", "routeTraffic", "postRouteTraffic")
MAX_STEPS = 5000


def is_pipeline(path: str, root: Node) -> bool:
    """Whether the tree has the shape of an Azure pipeline (or of a template of one), not of another system's file.

    A path that only Azure Pipelines uses settles it; elsewhere every entry must be one of ours, and one at least must
    say what no other system's file says.
    """
    keys = {key.text for key, _ in root.pairs}
    if not keys & {"steps", "jobs", "stages", "extends"} or keys & _OTHER_SYSTEMS:
        return False
    if named(path):
        return True
    extended = root.get("extends")
    if extended is not None and extended.get("template") is not None:
        return True
    lists = [node for name in ("steps", "jobs", "stages") if (node := root.get(name)) is not None]
    entries = [{key.text for key, _ in item.pairs} for node in lists for item in node.items]
    if not entries or any(not entry or entry & _FOREIGN for entry in entries):
        return False
    return bool(keys & {"trigger", "pool", "pr"}) or any(entry & _OURS for entry in entries)


_OTHER_SYSTEMS = frozenset({"on", "apiVersion", "services", "version", "kind", "image", "workflow", "default"})
"""Keys at the top of GitHub workflows, Kubernetes objects, compose files, CircleCI, Drone and GitLab files."""
_FOREIGN = frozenset(
    {"uses", "run", "runs-on", "commands", "command", "plan", "args", "entrypoint", "plugins", "image"}
)
"""Keys of entries of GitHub, Drone, Buildkite, Concourse and Cloud Build."""
_OURS = frozenset(
    {"task", "script", "bash", "pwsh", "powershell", "checkout", "job", "deployment", "stage", "template"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step of a job."""

    node: Node
    kind: str
    """``script``, ``bash``, ``task``, ...: its first key."""
    value: Node
    job: Job | None
    scripts: tuple[Node, ...] = ()
    """Every text that a shell runs: of the step itself, or inline in a task."""

    @property
    def name(self) -> str:
        """What identifies it within its job."""
        for key in ("name", "displayName"):
            node = self.node.get(key)
            if node is not None and node.text.strip():
                return node.text.strip()[:80]
        if self.kind in _SCRIPTS:
            first = " ".join(self.value.text.strip().split("\n", 1)[0].split())
            return f"{self.kind} {hashlib.sha256(first.encode('utf-8', 'replace')).hexdigest()[:8]}"
        return f"{self.kind} {self.value.text.partition('@')[0][:60]}"

    def input(self, *names: str) -> Node | None:
        """An input of a task, compared without case."""
        inputs = self.node.get("inputs")
        wanted = [name.lower() for name in names]
        pairs = inputs.pairs if inputs is not None else []
        return next((value for key, value in pairs if key.text.lower() in wanted), None)


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One job, deployment, or the only job of a pipeline that has just steps."""

    node: Node
    name: str
    deployment: bool
    stage: Node | None
    steps: list[Step] = field(default_factory=list)

    def inherited(self, key: str, root: Node) -> Node | None:
        """A setting of the job, else of its stage, else of the pipeline."""
        for node in (self.node, self.stage, root):
            found = node.get(key) if node is not None else None
            if found is not None:
                return found
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A variable with its value."""

    name: str
    value: Node
    job: Job | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """One file."""

    path: str
    root: Node
    lines: tuple[str, ...]
    jobs: tuple[Job, ...]
    variables: tuple[Variable, ...]
    groups: tuple[Node, ...]
    parsed: dict[int, tuple[Command, ...]] = field(default_factory=dict, repr=False)
    """Commands of scripts by node, so that every check shares one reading."""

    def commands(self, script: Node) -> tuple[Command, ...]:
        """The simple commands of a script; lines count within it."""
        found = self.parsed.get(id(script))
        if found is None:
            found = self.parsed[id(script)] = shell_commands(script.text)
        return found

    @property
    def steps(self) -> Iterator[Step]:
        """Every step of every job."""
        return (step for job in self.jobs for step in job.steps)

    def script_line(self, script: Node, line: int) -> int:
        """Physical line of a line (from 1) of a script; a block scalar begins below its header."""
        text = self.lines[script.line - 1] if script.line <= len(self.lines) else ""
        header = text[script.column - 1 : script.column]
        return script.line + line - (0 if header in ("|", ">") else 1)

    def resources(self, kind: str) -> list[Node]:
        """The items of ``resources.<kind>``."""
        node = self.root.get("resources")
        found = node.get(kind) if node is not None and node.is_mapping else None
        return list(found.items) if found is not None else []


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule broken at one place."""

    line: int
    detail: str
    essence: str = ""
    """What identifies the fault within its job and step."""
    job: Job | None = None
    step: Step | None = None
    end_line: int = 0
    hide: tuple[str, ...] = ()


def read(path: str, content: bytes, root: Node) -> Pipeline:
    """The pipeline of a tree whose shape ``is_pipeline`` accepted."""
    lines = tuple(line.rstrip("\r") for line in content.decode("utf-8", "replace").split("\n"))
    jobs: list[Job] = []
    for stage in _items(root.get("stages")):
        jobs += _jobs(stage.get("jobs"), stage)
    jobs += _jobs(root.get("jobs"), None)
    if root.get("steps") is not None:
        only = Job(root, "", False, None)
        only.steps.extend(_steps(root.get("steps"), only))
        jobs.append(only)
    scopes = [
        (root, None),
        *((stage, None) for stage in _items(root.get("stages"))),
        *((job.node, job) for job in jobs),
    ]
    variables: list[Variable] = []
    groups: list[Node] = []
    seen: set[int] = set()
    for node, job in scopes:
        block = node.get("variables")
        if block is not None and id(block) not in seen:
            seen.add(id(block))
            _variables(block, job, variables, groups)
    return Pipeline(path, root, lines, tuple(jobs), tuple(variables), tuple(groups))


def _items(node: Node | None, depth: int = 0) -> Iterator[Node]:
    """Items of a list, those under template conditions among them."""
    for item in node.items if node is not None else ():
        pairs = item.pairs
        if pairs and all(key.text.startswith("${{") for key, _ in pairs) and depth < 10:
            for _, value in pairs:
                yield from _items(value, depth + 1)
        elif item.is_mapping:
            yield item


def _jobs(node: Node | None, stage: Node | None) -> list[Job]:
    jobs: list[Job] = []
    for item in _items(node):
        name = item.get("job") or item.get("deployment")
        if name is None:
            continue
        job = Job(item, name.text, item.get("deployment") is not None, stage)
        job.steps.extend(_steps(item.get("steps"), job))
        for phase in _phases(item.get("strategy")):
            job.steps.extend(_steps(phase.get("steps"), job))
        jobs.append(job)
    return jobs


def _phases(strategy: Node | None) -> Iterator[Node]:
    for _, kind in strategy.pairs if strategy is not None else ():
        for name in _PHASES:
            phase = kind.get(name)
            if phase is not None:
                yield phase
        hooks = kind.get("on")
        for _, hook in hooks.pairs if hooks is not None else ():
            yield hook


def _steps(node: Node | None, job: Job) -> Iterator[Step]:
    for count, item in enumerate(_items(node)):
        if count >= MAX_STEPS:
            return
        kind = next((key.text for key, _ in item.pairs if key.text in _STEPS), "")
        value = item.get(kind) if kind else None
        if value is None:
            continue
        scripts = [value] if kind in _SCRIPTS else []
        step = Step(item, kind, value, job)
        inline = step.input("inlineScript", "script", "inline") if kind == "task" else None
        if inline is not None and inline.text:
            scripts.append(inline)
        yield Step(item, kind, value, job, tuple(scripts))


def _variables(block: Node, job: Job | None, variables: list[Variable], groups: list[Node]) -> None:
    if block.is_mapping:
        variables += [Variable(key.text, value, job) for key, value in block.pairs if not value.is_mapping]
    for item in _items(block):
        name, value, group = item.get("name"), item.get("value"), item.get("group")
        if name is not None and value is not None:
            variables.append(Variable(name.text, value, job))
        if group is not None:
            groups.append(group)


def findings(pipeline: Pipeline, rule: Rule, hits: Iterable[Hit]) -> Iterator[Finding]:
    """One finding a hit; the same place is said once."""
    seen: set[tuple[str, int]] = set()
    for hit in hits:
        job = hit.job or (hit.step.job if hit.step else None)
        names = [f"job {job.name}"] if job is not None and job.name else []
        names += [f"step {hit.step.name}"] if hit.step else []
        essence = hashlib.sha256(_hidden(hit.essence, hit.hide).encode("utf-8", "replace")).hexdigest()[:16]
        key = f"job={job.name if job else ''}|step={hit.step.name if hit.step else ''}|{essence}"
        if (key, hit.line) in seen:
            continue
        seen.add((key, hit.line))
        kind = "step" if hit.step else "job" if names else "file"
        end = max(hit.end_line, hit.line)
        shown = pipeline.lines[hit.line - 1 : min(end, hit.line + 11)]
        location = Location(
            pipeline.path, hit.line, end, snippet=tuple(masked(_hidden(line, hit.hide)) for line in shown)
        )
        subject = Subject(kind, ", ".join(names) or "the pipeline", key)
        message = _hidden(hit.detail, hit.hide)
        yield Finding(rule.id, rule.family, rule.severity, rule.confidence, subject, location, message, Fix(rule.fix))


def _hidden(text: str, values: tuple[str, ...]) -> str:
    for value in values:
        text = text.replace(value, "***") if value else text
    return text
