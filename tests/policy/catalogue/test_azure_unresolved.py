"""What only the deployment knows hides a verdict where it may decide it, and nowhere else."""

import pytest

from lockgate.formats import azure
from lockgate.model import Family
from lockgate.policy.catalogue import Policies
from lockgate.rules import load

RULES = {str(rule.id): rule for rule in load({Family.POLICY}).rules}


def said(rule: str, body: str) -> str:
    text = f"param p string\nparam whole object\nresource it {body}\n"
    [judged] = azure.read("main.bicep", text.encode(), lambda _: None).objects
    hits = Policies([RULES[f"policy/{rule}"]]).judge(judged, [judged])
    return ("skipped" if hits[0].failed else "denied") if hits else "quiet"


def cluster(properties: str) -> str:
    return f"'Microsoft.ContainerService/managedClusters@2024-05-01' = {{\n name: p\n properties: {properties}\n}}"


def group(*ports: str) -> str:
    rules = "\n".join(
        f"{{\nname: 'r{at}'\nproperties: {{\naccess: 'Allow'\ndirection: 'Inbound'\nprotocol: 'Tcp'\n"
        f"sourceAddressPrefix: '*'\ndestinationPortRange: {port}\n}}\n}}"
        for at, port in enumerate(ports)
    )
    kind = "'Microsoft.Network/networkSecurityGroups@2023-11-01'"
    return f"{kind} = {{\n name: 'web'\n properties: {{\n securityRules: [\n{rules}\n]\n}}\n}}"


@pytest.mark.parametrize(
    ("rule", "body", "verdict"),
    [
        ("aks-local-accounts", cluster("{\ndisableLocalAccounts: p\n}"), "skipped"),
        ("aks-local-accounts", cluster("whole"), "skipped"),
        ("aks-local-accounts", cluster("{\ndnsPrefix: p\n}"), "denied"),
        ("aks-no-entra-id", cluster("{\naadProfile: whole\n}"), "skipped"),
        ("aks-azure-rbac-off", cluster("{\naadProfile: {\nmanaged: true\ntenantID: p\n}\n}"), "denied"),
        ("aks-no-host-encryption", cluster("{\nagentPoolProfiles: [\n{\nname: 'a'\nvmSize: p\n}\n]\n}"), "denied"),
        ("aks-node-public-ip", cluster("{\nagentPoolProfiles: [\n{\nenableNodePublicIP: p\n}\n]\n}"), "skipped"),
        ("aks-public-api", cluster("{\napiServerAccessProfile: {\nauthorizedIPRanges: [\np\n]\n}\n}"), "quiet"),
        ("aks-public-api", cluster("{\napiServerAccessProfile: {\nauthorizedIPRanges: p\n}\n}"), "skipped"),
        ("nsg-open-ssh", group("p"), "skipped"),
        ("nsg-open-ssh", group("p", "'22'"), "denied"),
        ("nsg-open-ssh", group("'443'", "'8000-9000'"), "quiet"),
        ("nsg-open-ssh", group("'443'", "p"), "skipped"),
        ("log-profile-categories", "'Microsoft.Insights/logProfiles@2016-03-01' = {\n name: 'x'\n properties: {\n"
         " categories: [\n'Write'\n'Delete'\np\n]\n}\n}", "skipped"),
        ("log-profile-categories", "'Microsoft.Insights/logProfiles@2016-03-01' = {\n name: 'x'\n properties: {\n"
         " categories: [\n'Write'\n'Delete'\n'Action'\np\n]\n}\n}", "quiet"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_known_yet_hides_what_it_decides(rule, body, verdict):
    assert said(rule, body) == verdict
