"""Checks on Azure pipelines: what they trust, what they leak, who may make them run what, who has to agree.

A check takes a pipeline and yields hits; a rule names it by ``logic: {check: name}``. ``azure`` reads the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lockgate.formats.dockerfile import Command
from lockgate.formats.yaml_safe import Node
from lockgate.lazy_pattern import lazy_pattern
from lockgate.scanners.workflows.azure import Hit, Job, Pipeline, Step

Check = Callable[[Pipeline], Iterator[Hit]]

_SECRET = lazy_pattern(
    r"(?i)(?:^|[_.-])(?:password|passwd|pwd|secret|token|api[_.-]?key|access[_.-]?key|private[_.-]?key|credentials?"
    r"|client[_.-]?secret|connection[_.-]?string|pat|sas)$|(?:Password|Secret|Token|ApiKey|AccessKey|ConnectionString)$"
)
_MACRO = lazy_pattern(r"\$\(([\w.-]{1,100})\)")
_PARAMETER = lazy_pattern(r"\$\{\{\s{0,5}parameters(?:\.([\w-]{1,100})|\['([\w-]{1,100})'\])\s{0,5}\}\}")
_UNTRUSTED = lazy_pattern(
    r"(?i)\$\((Build\.SourceBranch(?:Name)?|Build\.SourceVersionMessage|Build\.SourceVersionAuthor|Build\.RequestedFor"
    r"|System\.PullRequest\.(?:SourceBranch(?:Name)?|Title|Description))\)"
    r"|\$\{\{\s{0,5}variables\[?['.]{1,2}(Build\.SourceBranch(?:Name)?|Build\.SourceVersionMessage)"
)
_SETVARIABLE = lazy_pattern(r"##vso\[task\.setvariable\s([^\]\n]{1,300})\]([^\n]{0,300})", re.IGNORECASE)
_DEPLOY_TASKS = lazy_pattern(
    r"(?i)^(?:Azure(?:Rm)?WebApp(?:Container|Deployment)?|AzureFunctionApp(?:Container)?|AzureContainerApps|HelmDeploy"
    r"|Kubernetes(?:Manifest)?|AzureResource(?:Manager|Group)(?:Template)?Deployment|AzureStaticWebApp|AzureSpringCloud"
    r"|ServiceFabricDeploy|SqlAzureDacpacDeployment|IISWebAppDeploymentOnMachineGroup|AzureCloudPowerShellDeployment)@"
)
_DEPLOY_SCRIPT = lazy_pattern(
    r"\b(?:kubectl\s+(?:apply|create|replace|set\s+image)|helm\s+(?:upgrade|install)|terraform\s+apply"
    r"|az\s+(?:deployment\s+\w+\s+create|webapp\s+(?:deploy|up)|functionapp\s+deploy|containerapp\s+(?:up|update)))\b"
)
_SECURITY = lazy_pattern(
    r"(?i)trivy|snyk|sonar|credscan|advancedsecurity|dependency-?check|checkmarx|veracode|whitesource|mend|gitleaks"
    r"|bandit|semgrep|grype|lockgate|microsoftsecuritydevops|policheck|checkov|pip-audit|npm audit|antimalware"
)
_ALWAYS = lazy_pattern(r"(?i)^\s*(?:always|succeededOrFailed)\(\)\s*$")
_TASK = lazy_pattern(r"[\w.-]+@\d+(?:\.\d+){0,2}")
_SHELLS = ("sh", "bash", "dash", "zsh", "python", "python3", "perl", "node", "ruby")


def _texts(pipeline: Pipeline) -> Iterator[tuple[Step, Node, int, str]]:
    """Every line of every script: step, script, physical line, text."""
    for step in pipeline.steps:
        for script in step.scripts:
            for number, text in enumerate(script.text.split("\n"), start=1):
                yield step, script, pipeline.script_line(script, number), text


def _commands(pipeline: Pipeline) -> Iterator[tuple[Step, Command, int, tuple[Command, ...]]]:
    for step in pipeline.steps:
        if step.kind in ("pwsh", "powershell"):
            continue
        for script in step.scripts:
            found = pipeline.commands(script)
            for command in found:
                yield step, command, pipeline.script_line(script, command.line), found


def _literal(text: str) -> bool:
    text = text.strip().strip("\"'")
    placeholders = ("changeme", "none", "null", "true", "false", "placeholder", "todo", "dummy")
    return len(text) >= 4 and "$" not in text and not text.startswith("<") and text.lower() not in placeholders


# What a pipeline is made of


def task_unpinned(pipeline: Pipeline) -> Iterator[Hit]:
    for step in pipeline.steps:
        name = step.value.text.strip() if step.kind == "task" else ""
        if name and "$" not in name and not _TASK.fullmatch(name):
            text = f"The task {name[:60]} names no version."
            yield Hit(step.value.line, text, name.partition("@")[0], step=step)


def _images(pipeline: Pipeline) -> Iterator[tuple[Job | None, Node]]:
    aliases = set()
    for item in pipeline.resources("containers"):
        alias, image = item.get("container"), item.get("image")
        aliases.add(alias.text if alias is not None else "")
        if image is not None and image.text:
            yield None, image
    for job in pipeline.jobs:
        container = job.node.get("container")
        if container is not None and container.is_mapping:
            container = container.get("image")
        if container is not None and container.text and container.text not in aliases:
            yield job, container


def _tag(image: str) -> tuple[str, str]:
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image, "")


def image_unpinned(pipeline: Pipeline) -> Iterator[Hit]:
    for job, node in _images(pipeline):
        name, tag = _tag(node.text)
        if "@" not in node.text and "$" not in node.text and tag in ("", "latest"):
            yield Hit(node.line, f"The container image {name[:80]} has no fixed tag.", f"image {name}", job=job)


def image_without_digest(pipeline: Pipeline) -> Iterator[Hit]:
    for job, node in _images(pipeline):
        name, tag = _tag(node.text)
        if "@sha256:" not in node.text and "$" not in node.text and tag not in ("", "latest"):
            yield Hit(
                node.line, f"The container image {node.text[:80]} is not pinned by digest.", f"image {name}", job=job
            )


def _moving(repository: Node) -> bool:
    ref = repository.get("ref")
    text = ref.text if ref is not None else ""
    return not text or text.startswith("refs/heads/") or text in ("main", "master", "develop")


def repository_unpinned(pipeline: Pipeline) -> Iterator[Hit]:
    for item in pipeline.resources("repositories"):
        alias = item.get("repository")
        if alias is not None and _moving(item):
            text = f"The repository {alias.text[:60]} is taken as its branch stands at the time of the run."
            yield Hit(alias.line, text, f"repository {alias.text}")


def template_unpinned(pipeline: Pipeline) -> Iterator[Hit]:
    """A template of another repository whose resource names no tag or commit."""
    moving = {
        alias.text
        for item in pipeline.resources("repositories")
        if (alias := item.get("repository")) is not None and _moving(item)
    }
    for node in _templates(pipeline.root):
        path, at, source = node.text.rpartition("@")
        if at and source in moving:
            yield Hit(node.line, f"The template {path[:80]} comes from a branch that others may change.", node.text)


def _templates(root: Node) -> Iterator[Node]:
    left, seen = [root], 0
    while left and seen < 50_000:
        node = left.pop()
        seen += 1
        for key, value in node.pairs:
            if key.text == "template" and value.text:
                yield value
            left.append(value)
        left.extend(node.items)


# Secrets


def secret_in_variable(pipeline: Pipeline) -> Iterator[Hit]:
    for variable in pipeline.variables:
        if _SECRET.search(variable.name) and _literal(variable.value.text):
            text = f"The variable {variable.name[:60]} holds a value that everybody who reads the file sees."
            hide = (variable.value.text,)
            yield Hit(variable.value.line, text, variable.name, job=variable.job, hide=hide)


def secret_echoed(pipeline: Pipeline) -> Iterator[Hit]:
    for step, _, line, text in _texts(pipeline):
        if re.search(r"(?i)(?:^|[;&|\s])(?:echo|printf|write-(?:host|output|verbose))\s", text) and "##vso" not in text:
            for name in _MACRO.findall(text) + re.findall(r"\$\{?(?:env:)?(\w{1,100})\}?", text):
                if _SECRET.search(name) and not re.search(r"\|\s*(?:docker\s+login|base64|.*--password-stdin)|>", text):
                    yield Hit(line, f"The script writes {name[:60]} to the log.", f"echo {name}", step=step)


def secret_setvariable_plain(pipeline: Pipeline) -> Iterator[Hit]:
    for step, _, line, text in _texts(pipeline):
        for options, _value in _SETVARIABLE.findall(text):
            name = re.search(r"(?i)variable=([\w.-]+)", options)
            if name and _SECRET.search(name.group(1)) and not re.search(r"(?i)issecret=true", options):
                detail = f"{name.group(1)[:60]} becomes a plain variable, which logs show."
                yield Hit(line, detail, f"setvariable {name.group(1)}", step=step)


def secret_setvariable_literal(pipeline: Pipeline) -> Iterator[Hit]:
    for step, _, line, text in _texts(pipeline):
        for options, value in _SETVARIABLE.findall(text):
            literal = value.rstrip().rstrip("\"'")
            name = re.search(r"(?i)variable=([\w.-]+)", options)
            if name and re.search(r"(?i)issecret=true", options) and _literal(literal):
                detail = f"The secret {name.group(1)[:60]} stands in the file in plain text."
                yield Hit(line, detail, f"setvariable {name.group(1)}", step=step, hide=(literal,))


def secret_on_command_line(pipeline: Pipeline) -> Iterator[Hit]:
    for step, _, line, text in _texts(pipeline):
        for name in _MACRO.findall(text):
            echoed = re.search(r"(?i)\b(?:echo|write-host)\s", text)
            if _SECRET.search(name) and "##vso" not in text and not echoed:
                detail = f"$({name[:60]}) is put into the text of the script, where processes and traces show it."
                yield Hit(line, detail, f"inline {name}", step=step)


def debug_logs(pipeline: Pipeline) -> Iterator[Hit]:
    for variable in pipeline.variables:
        if variable.name.lower() == "system.debug" and variable.value.text.lower() == "true":
            yield Hit(variable.value.line, "system.debug writes inputs and environments to the log.", "system.debug")


def key_vault_all(pipeline: Pipeline) -> Iterator[Hit]:
    for step in pipeline.steps:
        if step.kind == "task" and step.value.text.lower().startswith("azurekeyvault@"):
            chosen = step.input("SecretsFilter")
            if chosen is None or chosen.text.strip() in ("*", ""):
                line = chosen.line if chosen is not None else step.value.line
                yield Hit(line, "The job gets every secret of the vault.", "SecretsFilter", step=step)


# Injection


def _free_parameters(pipeline: Pipeline) -> set[str] | None:
    """Names of parameters that take any text; None when the file declares none (a template may still be given some)."""
    block = pipeline.root.get("parameters")
    if block is None:
        return None
    free: set[str] = set()
    for item in block.items:
        name, kind, values = item.get("name"), item.get("type"), item.get("values")
        if name is not None and values is None and (kind is None or kind.text in ("string", "object", "")):
            free.add(name.text)
    if block.is_mapping:  # the old form of templates: names with defaults, all of them text
        free |= {key.text for key, value in block.pairs if value.text.lower() not in ("true", "false")}
    return free


def injection_parameter(pipeline: Pipeline) -> Iterator[Hit]:
    free = _free_parameters(pipeline)
    for step, _, line, text in _texts(pipeline):
        for first, second in _PARAMETER.findall(text):
            name = first or second
            if free is None or name in free:
                detail = f"The parameter {name} becomes part of the script, whoever starts the run writes it."
                yield Hit(line, detail, f"parameter {name}", step=step)


def injection_source(pipeline: Pipeline) -> Iterator[Hit]:
    for step, _, line, text in _texts(pipeline):
        for first, second in _UNTRUSTED.findall(text):
            name = first or second
            detail = (
                f"{name} becomes part of the script, and whoever pushes a branch or opens a pull request writes it."
            )
            yield Hit(line, detail, f"source {name.lower()}", step=step)


# Rights


def persist_credentials(pipeline: Pipeline) -> Iterator[Hit]:
    for step in pipeline.steps:
        node = step.node.get("persistCredentials") if step.kind == "checkout" else None
        if node is not None and node.text.lower() == "true":
            yield Hit(
                node.line, "The token of the run stays in .git/config for every later step.", "persist", step=step
            )


def access_token_in_script(pipeline: Pipeline) -> Iterator[Hit]:
    for step in pipeline.steps:
        env = step.node.get("env")
        for _, value in env.pairs if env is not None else ():
            if re.search(r"(?i)\$\(System\.AccessToken\)", value.text):
                yield Hit(value.line, "The step gets the token of the run.", "System.AccessToken", step=step)
        for script in step.scripts:
            if re.search(r"(?i)\$\(System\.AccessToken\)", script.text):
                yield Hit(script.line, "The script holds the token of the run.", "System.AccessToken", step=step)


def service_connection_variable(pipeline: Pipeline) -> Iterator[Hit]:
    names = ("azureSubscription", "connectedServiceName", "ConnectedServiceNameARM", "azureResourceManagerConnection",
             "kubernetesServiceConnection", "dockerRegistryServiceConnection", "containerRegistry")  # fmt: skip
    for step in pipeline.steps:
        node = step.input(*names) if step.kind == "task" else None
        if node is not None and (_MACRO.search(node.text) or ("parameters" in node.text and "${{" in node.text)):
            detail = "Which service connection is used is decided when the run starts."
            yield Hit(node.line, detail, "service connection", step=step)


def privileged_container(pipeline: Pipeline) -> Iterator[Hit]:
    nodes = [(None, item) for item in pipeline.resources("containers")]
    nodes += [(job, node) for job in pipeline.jobs if (node := job.node.get("container")) is not None]  # type: ignore[misc]
    for job, node in nodes:
        for key in ("options", "volumes", "mountDockerSocket"):
            value = node.get(key)
            texts = [value, *value.items] if value is not None else []
            for text in texts:
                if re.search(r"--privileged|docker\.sock|--(?:pid|network|ipc)[= ]host|SYS_ADMIN", text.text):
                    yield Hit(text.line, "The container reaches the agent it runs on.", key, job=job)
    for step, command, line, _ in _commands(pipeline):
        if command.program in ("docker", "podman") and "run" in command.args:
            joined = " ".join(command.args)
            if "--privileged" in command.args or "docker.sock" in joined:
                yield Hit(line, "The container reaches the agent it runs on.", "docker run", step=step)


def self_hosted_on_pull_request(pipeline: Pipeline) -> Iterator[Hit]:
    if not _pull_requests(pipeline):
        return
    for job in pipeline.jobs:
        pool = job.inherited("pool", pipeline.root)
        name = pool.get("name") if pool is not None and pool.is_mapping else pool
        if name is not None and name.text and name.text not in ("Azure Pipelines", "server") and "$" not in name.text:
            detail = f"Code of a pull request runs on the own pool {name.text[:40]}."
            yield Hit(name.line, detail, f"pool {name.text}", job=job)


def _pull_requests(pipeline: Pipeline) -> bool:
    node = pipeline.root.get("pr")
    return node is not None and node.text.lower() != "none"


def group_on_pull_request(pipeline: Pipeline) -> Iterator[Hit]:
    if _pull_requests(pipeline):
        for group in pipeline.groups:
            text = f"Runs for pull requests get the variable group {group.text[:60]}."
            yield Hit(group.line, text, f"group {group.text}")


# Who has to agree


def _deploys(step: Step) -> bool:
    if step.kind == "task" and _DEPLOY_TASKS.match(step.value.text):
        return True
    return any(_DEPLOY_SCRIPT.search(script.text) for script in step.scripts)


def deployment_without_environment(pipeline: Pipeline) -> Iterator[Hit]:
    for job in pipeline.jobs:
        if job.deployment and job.node.get("environment") is None:
            yield Hit(job.node.line, f"The deployment {job.name} names no environment.", "environment", job=job)


def deploy_in_plain_job(pipeline: Pipeline) -> Iterator[Hit]:
    for step in pipeline.steps:
        if step.job is not None and not step.job.deployment and _deploys(step):
            yield Hit(
                step.node.line, "A plain job deploys, so no environment can ask for an approval.", "deploy", step=step
            )


def deploy_on_pull_request(pipeline: Pipeline) -> Iterator[Hit]:
    if not _pull_requests(pipeline):
        return
    for job in pipeline.jobs:
        conditions = [node.get("condition") for node in (job.node, job.stage) if node is not None]
        guarded = any(c is not None and re.search(r"(?i)Build\.(?:Reason|SourceBranch)", c.text) for c in conditions)
        if not guarded and (job.deployment or any(_deploys(step) for step in job.steps)):
            yield Hit(job.node.line, "A run for a pull request deploys, before anybody has reviewed it.", "pr", job=job)


def deploy_always(pipeline: Pipeline) -> Iterator[Hit]:
    for job in pipeline.jobs:
        deploying = [step for step in job.steps if _deploys(step)]
        if not job.deployment and not deploying:
            continue
        for node in (job.node, job.stage, *(step.node for step in deploying)):
            condition = node.get("condition") if node is not None else None
            if condition is not None and _ALWAYS.match(condition.text):
                yield Hit(
                    condition.line, "The deployment runs although tests or scans before it failed.", "always", job=job
                )


def security_step_ignored(pipeline: Pipeline) -> Iterator[Hit]:
    for step in pipeline.steps:
        title = step.node.get("displayName")
        named = " ".join(node.text for node in (step.value, title, *step.scripts) if node is not None)
        if not _SECURITY.search(named):
            continue
        go_on = step.node.get("continueOnError")
        if go_on is not None and go_on.text.lower() == "true":
            yield Hit(go_on.line, "What the security step says does not stop anything.", "continueOnError", step=step)
        for script in step.scripts:
            for number, line in enumerate(script.text.split("\n"), start=1):
                if _SECURITY.search(line) and re.search(r"\|\|\s*(?:true|exit 0|:)(?:\s|$)", line):
                    place = pipeline.script_line(script, number)
                    yield Hit(place, "What the security step says does not stop anything.", "or true", step=step)


# What scripts do


def curl_pipe_shell(pipeline: Pipeline) -> Iterator[Hit]:
    for step, command, line, found in _commands(pipeline):
        fetched = (one.pipe for one in found if one.pipes and one.program in ("curl", "wget"))
        if command.piped and command.program in _SHELLS and command.pipe in fetched:
            yield Hit(line, "What is downloaded runs at once, without anything checking it.", "pipe", step=step)
    for step, _, line, text in _texts(pipeline):
        if re.search(r"(?i)\b(?:iex|invoke-expression)\b.{0,80}\b(?:iwr|invoke-webrequest|downloadstring|irm)\b", text):
            yield Hit(line, "What is downloaded runs at once, without anything checking it.", "iex", step=step)


def _tls_off(command: Command) -> bool:
    words = " ".join(command.args).lower()
    if command.program == "curl":
        return command.has("--insecure") or any(re.fullmatch(r"-[a-jl-zA-Z#]*k[a-zA-Z#]*", w) for w in command.args)
    if command.program == "wget":
        return command.has("--no-check-certificate")
    if command.program == "git":
        return bool(re.search(r"http(?:\.\S+)?\.sslverify[= ](?:false|0)\b", words))
    if command.program in ("npm", "yarn"):
        return bool(re.search(r"strict-ssl[= ]false\b", words))
    return command.program.startswith("pip") and command.has("--trusted-host")


_TLS_NAMES = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "PYTHONHTTPSVERIFY": "0", "GIT_SSL_NO_VERIFY": "",
              "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION": "1"}  # fmt: skip


def tls_disabled(pipeline: Pipeline) -> Iterator[Hit]:
    text = "Certificates are not checked, so anybody on the way can change what is exchanged."
    for step, command, line, _ in _commands(pipeline):
        settings = [*command.environment, *(tuple(w.split("=", 1)) for w in command.args if "=" in w)]
        if command.program not in ("", "export"):
            settings = list(command.environment)
        if _tls_off(command) or any(_bad_tls(str(s[0]), str(s[1])) for s in settings):
            yield Hit(line, text, f"tls {command.program}", step=step)
    for variable in pipeline.variables:
        if _bad_tls(variable.name, variable.value.text):
            yield Hit(variable.value.line, text, variable.name, job=variable.job)


def _bad_tls(name: str, value: str) -> bool:
    bad = _TLS_NAMES.get(name.upper())
    return bad is not None and (bad == "" or value.strip() == bad)


def npm_install(pipeline: Pipeline) -> Iterator[Hit]:
    for step, command, line, _ in _commands(pipeline):
        plain = [word for word in command.args if not word.startswith("-")]
        if command.program == "npm" and plain in (["install"], ["i"]) and not command.has("-g", "--global"):
            yield Hit(
                line, "npm install may take other versions than the lock file that was reviewed.", "npm", step=step
            )
    for step in pipeline.steps:
        chosen = step.input("command")
        is_npm = step.kind == "task" and step.value.text.startswith("Npm@")
        if is_npm and (chosen is None or chosen.text == "install"):
            text = "npm install may take other versions than the lock file that was reviewed."
            yield Hit((chosen or step.value).line, text, "npm", step=step)


def submodules(pipeline: Pipeline) -> Iterator[Hit]:
    for step in pipeline.steps:
        node = step.node.get("submodules") if step.kind == "checkout" else None
        if node is not None and node.text.lower() in ("true", "recursive"):
            yield Hit(node.line, "The code of other repositories is fetched and may be built.", "submodules", step=step)


def no_timeout(pipeline: Pipeline) -> Iterator[Hit]:
    for job in pipeline.jobs:
        node = job.node.get("timeoutInMinutes")
        if node is not None and node.text == "0":
            yield Hit(node.line, "The job never ends by itself.", "timeout", job=job)


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        task_unpinned, image_unpinned, image_without_digest, repository_unpinned, template_unpinned, secret_in_variable,
        secret_echoed, secret_setvariable_plain, secret_setvariable_literal, secret_on_command_line, debug_logs,
        key_vault_all, injection_parameter, injection_source, persist_credentials, access_token_in_script,
        service_connection_variable, privileged_container, self_hosted_on_pull_request, group_on_pull_request,
        deployment_without_environment, deploy_in_plain_job, deploy_on_pull_request, deploy_always,
        security_step_ignored, curl_pipe_shell, tls_disabled, npm_install, submodules, no_timeout,
    )
}  # fmt: skip
