"""Conformance: one corpus of small programs, run on a backend and held against the emulator, bit for bit."""

from neurodeploy.conformance.corpus import Case, corpus
from neurodeploy.conformance.judge import Judgement, conformance_findings, judge, program_of

__all__ = ["Case", "Judgement", "conformance_findings", "corpus", "judge", "program_of"]
