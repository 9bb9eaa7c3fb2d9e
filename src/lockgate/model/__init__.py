"""The nouns of Lockgate: frozen values without I/O.

Nothing here reads a file, a clock or a database. A member is imported from its own module or from here.
"""

from lockgate.model.component import Component, ComponentKind, Scope
from lockgate.model.decision import Decision, Reason, Verdict
from lockgate.model.file import File
from lockgate.model.finding import Edit, Finding, Fix, Location, Related, Subject
from lockgate.model.grades import Confidence, Severity
from lockgate.model.image import ImageFacts, LayerFacts
from lockgate.model.named import Named
from lockgate.model.object import Object
from lockgate.model.plan import PlanAction, PlanStep
from lockgate.model.result import Result, Run, SettledFinding, State, WaiverUse
from lockgate.model.rule import Family, Rule, RuleId, Sample
from lockgate.model.skip import Skip, SkipKind

__all__ = [
    "Component",
    "ComponentKind",
    "Confidence",
    "Decision",
    "Edit",
    "Family",
    "File",
    "Finding",
    "Fix",
    "ImageFacts",
    "LayerFacts",
    "Location",
    "Named",
    "Object",
    "PlanAction",
    "PlanStep",
    "Reason",
    "Related",
    "Result",
    "Rule",
    "RuleId",
    "Run",
    "Sample",
    "Scope",
    "SettledFinding",
    "Severity",
    "Skip",
    "SkipKind",
    "State",
    "Subject",
    "Verdict",
    "WaiverUse",
]
