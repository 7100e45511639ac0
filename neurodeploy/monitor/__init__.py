"""Drift: later activity of a program against that of its calibration."""

from neurodeploy.monitor.counts import activity_of, calibrated, sample_counts
from neurodeploy.monitor.live import Monitor
from neurodeploy.monitor.nouns import (
    Calibration,
    Drift,
    MonitorChoices,
    Monitored,
    MonitorOptions,
    PopulationDrift,
    Power,
    Watched,
)
from neurodeploy.monitor.offline import calibration_of, monitored
from neurodeploy.monitor.window import drift

__all__ = [
    "Calibration",
    "Drift",
    "Monitor",
    "MonitorChoices",
    "MonitorOptions",
    "Monitored",
    "PopulationDrift",
    "Power",
    "Watched",
    "activity_of",
    "calibrated",
    "calibration_of",
    "drift",
    "monitored",
    "sample_counts",
]
