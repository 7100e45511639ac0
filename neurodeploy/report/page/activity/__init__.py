"""Sections of a report page about activity and precision: what spiked, what was lost in integers, what neurons respond to."""
