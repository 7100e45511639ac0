"""Costs: events of a run or of expected rates on the cores of a program, and the energy and time that they take."""
