"""The classification and grading sections of a policy pack 分类分级 (`regulations.md` II.2).

Three files make one `ClassificationSection`: `classification.yaml` (what may be said about a model
use), `grading.yaml` (what follows from it) and `questionnaire.yaml` (how people are asked).
"""

from registry.classification.schema.classification import Dimension, Fact, Flag, Group
from registry.classification.schema.grading import FACTOR_KEYS, Example, Floor, Override, Prefill
from registry.classification.schema.questionnaire import Answer, Question
from registry.classification.schema.section import ClassificationSection, load_section

__all__ = [
    "FACTOR_KEYS",
    "Answer",
    "ClassificationSection",
    "Dimension",
    "Example",
    "Fact",
    "Flag",
    "Floor",
    "Group",
    "Override",
    "Prefill",
    "Question",
    "load_section",
]
