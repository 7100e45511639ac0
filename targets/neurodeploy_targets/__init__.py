"""Targets as data: one TOML file for each chip family, its boards inside. No code.

To write one: copy the file that is nearest, keep its keys (they are the fields of neurodeploy.hardware.target), and give every
figure `value`, `unit`, `source` and `confidence`. Leave out what is not public: an absent figure neither limits nor
costs, and reports say that it is unknown. A file with `architecture = "layered"`, `"fixed"`, `"crossbar"` or `"processors"`
has the fields of neurodeploy.hardware.feasibility_target: networks are judged against it, not compiled for it. Load it by path
(`--target my_chip.toml`), or ship it in a package that declares the entry point `my_chip = "my_package"` in the group
`neurodeploy.targets`.
"""
