"""Conformance tests: a corpus of small programs, run on a backend and compared with the emulator bit for bit."""

from neurodeploy.conformance.corpus import Case, corpus
from neurodeploy.conformance.examine import examine
from neurodeploy.conformance.judge import Judgement, conformance_findings, judge, program_of
from neurodeploy.conformance.table import markdown

__all__ = ["Case", "Judgement", "conformance_findings", "corpus", "examine", "judge", "markdown", "program_of"]
