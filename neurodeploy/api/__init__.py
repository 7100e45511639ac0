"""Public functions, exported by the package. Each command of the command line has one, with the same findings."""
