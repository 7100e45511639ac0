"""Backends that ship with neurodeploy; each folder or module is one adapter and knows of no other.

A backend is what neurodeploy.simulate.backend.Backend says: it reads the program's tables and the target's dialect, never
quantizes, cuts or places. One whose simulator needs an interpreter of its own runs it through neurodeploy.worker, and
what runs there lies in its `child` folder. `neurodeploy backends new NAME` writes the project of another one.
"""
