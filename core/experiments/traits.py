"""Numbers of every training, over seeds: those that ship with a run, for all other runs too."""

from __future__ import annotations

from core.experiments.kept import Study

TRAITS = Study("traits", "v1", "core.experiments.measuring.traits:measure")
