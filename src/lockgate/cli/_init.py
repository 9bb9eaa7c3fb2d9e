"""The files that ``lockgate init`` writes."""

from __future__ import annotations

from lockgate import __version__
from lockgate.settings import FILE_NAME, starting_text

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
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: actions/setup-python@0b93645e9fea7318ecaed2b359559ac225c90a2b # v5.3.0
        with:
          python-version: "3.11"
      - name: Install Lockgate
        run: python -m pip install --quiet "lockgate=={__version__}"
      - name: Check
        run: |
          lockgate check --family secrets --family workflows --family dockerfiles --family policy \\
            --format terminal --format sarif=lockgate.sarif
      - name: Upload findings
        if: ${{{{ !cancelled() }}}}
        uses: github/codeql-action/upload-sarif@df409f7d9260372bd5f19e5b04e83cb3c43714ae # v3.27.9
        with:
          sarif_file: lockgate.sarif
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


def starting_files(ci: str) -> dict[str, str]:
    """Path -> text."""
    files = {FILE_NAME: starting_text()}
    if ci == "github":
        files[".github/workflows/lockgate.yml"] = _GITHUB
    elif ci == "azure":
        files["azure-pipelines-lockgate.yml"] = _AZURE
    return files
