"""Live models of other packages, which are read from the export of their own package."""
