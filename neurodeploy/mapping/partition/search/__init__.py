"""Search for fewer cores than first fit: a hypergraph of neurons, starting orders, and moves between cores."""
