"""Kubernetes' own CEL policies: validating and mutating admission policies and their bindings.

Pure: policy objects, one request and what is known of the cluster in; verdicts or a changed object out. What
Kubernetes has and this has not is said where it would be: conversion between versions in ``matching``, schemas in
``policy.cel``, ownership of fields in ``merge``.
"""

from lockgate.policy.kubernetes.mutation import Mutated, mutate
from lockgate.policy.kubernetes.objects import Binding, MutatingPolicy, ValidatingPolicy, parse_object
from lockgate.policy.kubernetes.request import Request, parse_request, request_for
from lockgate.policy.kubernetes.validation import Judgement, Verdict, judge
from lockgate.policy.kubernetes.world import World

__all__ = [
    "Binding",
    "Judgement",
    "Mutated",
    "MutatingPolicy",
    "Request",
    "ValidatingPolicy",
    "Verdict",
    "World",
    "judge",
    "mutate",
    "parse_object",
    "parse_request",
    "request_for",
]
