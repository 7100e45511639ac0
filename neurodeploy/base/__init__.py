"""Foundations of all packages: frozen data classes, arrays, plain data, TOML. Independent of networks, chips and findings."""
