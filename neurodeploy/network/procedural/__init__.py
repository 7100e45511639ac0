"""Projections whose synapses are not stored but drawn: their operations, the definition of what is drawn, compiled loops."""
