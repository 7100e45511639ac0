"""Backends that ship with neurodeploy. Each folder or module is one adapter, independent of the others.

A backend implements `neurodeploy.simulate.backend.Backend`: it reads the program's tables and the target's dialect and never
quantizes, partitions or places. If its simulator needs a separate interpreter, the adapter runs it through
`neurodeploy.worker`, and the code for that interpreter is in its `child` folder. `neurodeploy backends new NAME` writes a
project for another one.
"""
