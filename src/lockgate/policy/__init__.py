"""Policy languages and objects: Rego, CEL, Azure Policy, Gatekeeper's and Kubernetes' policy objects.

Pure: a policy and an object in, verdicts out. Nothing here reads files, opens sockets or knows a database. Each
language is a package of its own and knows no other; ``gatekeeper`` and ``kubernetes`` stand on them.
"""
