"""The files that ``lockgate init`` writes."""

from __future__ import annotations

from lockgate import __version__
from lockgate.settings import FILE_NAME, starting_text

_LOCKGATE = f"""\
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: actions/setup-python@0b93645e9fea7318ecaed2b359559ac225c90a2b # v5.3.0
        with:
          python-version: "3.11"
      - name: Install Lockgate
        run: python -m pip install --quiet "lockgate=={__version__}"
"""
"""The steps of a workflow that bring the code and Lockgate."""

_GITHUB = f"""\
# Written by lockgate init: least permissions, actions pinned by hash, no credentials left in the checkout.
name: lockgate
on:
  pull_request:
  push:
    branches: [main]
permissions: {{}}
concurrency:
  group: lockgate-${{{{ github.ref }}}}
  cancel-in-progress: true
jobs:
  check:
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read
      security-events: write # uploads the SARIF report
    steps:
{_LOCKGATE}      - name: Check
        run: |
          lockgate check --family secrets --family workflows --family dockerfiles --family policy \\
            --format terminal --format sarif=lockgate.sarif
      - name: Upload findings
        if: ${{{{ !cancelled() }}}}
        uses: github/codeql-action/upload-sarif@df409f7d9260372bd5f19e5b04e83cb3c43714ae # v3.27.9
        with:
          sarif_file: lockgate.sarif
"""

_BUILD = f"""\
# Written by lockgate init --build: builds, signs and pushes the image of the main branch with the runner's docker.
# LOCKGATE_SIGNING_KEY is a private key in PEM, encrypted with LOCKGATE_SIGNING_PASSWORD: secrets of the environment
# "release", which should let the main branch alone deploy.
name: build
on:
  push:
    branches: [main]
permissions: {{}}
concurrency:
  group: build-${{{{ github.ref }}}}
  cancel-in-progress: false
jobs:
  build:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    environment: release
    permissions:
      contents: read
      packages: write # pushes the image
    steps:
{_LOCKGATE}      - name: Log in to the registry
        env:
          TOKEN: ${{{{ github.token }}}}
        run: printf '%s' "$TOKEN" | docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin
      - name: Build, sign and push
        env:
          SIGNING_KEY: ${{{{ secrets.LOCKGATE_SIGNING_KEY }}}}
          LOCKGATE_KEY_PASSWORD: ${{{{ secrets.LOCKGATE_SIGNING_PASSWORD }}}}
        run: |
          umask 077
          printf '%s' "$SIGNING_KEY" > "$RUNNER_TEMP/signing.key"
          docker buildx create --use
          lockgate build . --builder docker --tag "ghcr.io/${{GITHUB_REPOSITORY,,}}:$GITHUB_SHA" \\
            --key "$RUNNER_TEMP/signing.key"
"""

_AZURE = f"""\
# Written by lockgate init.
trigger:
  branches:
    include: [main]
pr:
  branches:
    include: ["*"]
jobs:
  - job: lockgate
    displayName: Lockgate check
    timeoutInMinutes: "15"
    pool:
      vmImage: ubuntu-24.04
    steps:
      - checkout: self
        fetchDepth: "0"
        persistCredentials: "false"
      - bash: python3 -m pip install --quiet "lockgate=={__version__}"
        displayName: Install Lockgate
      - bash: |
          python3 -m lockgate check --family secrets --family workflows --family dockerfiles --family policy \\
            --format terminal --format junit=lockgate-junit.xml
        displayName: Check
      - task: PublishTestResults@2
        condition: always()
        inputs:
          testResultsFiles: lockgate-junit.xml
          testRunTitle: Lockgate
"""


def starting_files(ci: str, *, build: bool = False) -> dict[str, str]:
    """Path -> text. ``build``: also a workflow that builds the image of the repository, for GitHub."""
    files = {FILE_NAME: starting_text()}
    if ci == "github":
        files[".github/workflows/lockgate.yml"] = _GITHUB
        if build:
            files[".github/workflows/lockgate-build.yml"] = _BUILD
    elif ci == "azure":
        files["azure-pipelines-lockgate.yml"] = _AZURE
    return files
