"""First fit of networks whose synapses are generated: shards of populations, one core at a time, no list of synapses."""
