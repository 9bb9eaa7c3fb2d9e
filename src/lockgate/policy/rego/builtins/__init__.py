"""Builtin functions of Rego, one module by topic. The contract is in ``contract``."""
