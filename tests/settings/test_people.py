"""What the settings say of people."""

import pytest

from lockgate.errors import ConfigurationError
from lockgate.model.actor import Persona
from lockgate.settings import ProviderKind, WhenMfa, loads

WRITTEN = b"""
people:
  mfa: always
  providers:
    entra:
      issuer: https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0
      client_id: 99999999-2222-3333-4444-555555555555
      client_secret: env:ENTRA_SECRET
      acr: [possessionorinherence]
    github:
      kind: github
      client_id: Iv1.0123456789abcdef
      client_secret: file:/run/secrets/github
      organizations: [acme]
  belonging:
  - {provider: entra, group: 0d1c, personas: [security]}
  - {group: acme/platform, personas: [sre, cluster-operator], teams: [platform]}
  workloads:
  - {repository: acme/shop, ref: refs/heads/main, teams: [shop], grants: ["team:runs:upload"], minutes: 10}
"""


def test_providers_belonging_and_workloads_are_read():
    people = loads(WRITTEN).people
    assert people.mfa is WhenMfa.ALWAYS
    assert people.providers["github"].kind is ProviderKind.GITHUB
    assert "otp" in people.providers["entra"].amr
    assert people.belonging[1].personas == (Persona.SRE, Persona.CLUSTER_OPERATOR)
    assert people.workloads[0].grants == ("team:runs:upload",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mfa: sometimes", "cannot be 'sometimes'"),
        ("belonging: [{}]", "names nothing, so everything would meet it"),
        ("belonging: [{group: a, personas: [admin]}]", "cannot be 'admin'"),
        ("session_hours: 0", "at least 0.1"),
        ("providers: {my-idp: {}}", "is no name of a provider"),
        ("workloads: [{minutes: 600, grants: []}]", "at most 60"),
        ("workloads: [{grants: []}]", "is empty"),
    ],
)
def test_what_cannot_be_is_refused_at_its_line(line, said):
    with pytest.raises(ConfigurationError, match=said):
        loads(f"people:\n  {line}\n".encode())
