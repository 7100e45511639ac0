"""Backends that ship with neurodeploy; each module is an adapter and inherits from no other.

To write one: make a class with `name` and `summary`, `unavailable()` (None, or the finding that says what is missing),
`check(program)` (findings for what it cannot express) and `run(program, stimulus, *, steps, seed, threads, progress)`
that returns a Recording; see neurodeploy.runtime.backend.Backend. Read the program's tables and the target's dialect,
never quantize, cut or place. Import the simulator inside `run`. Declare the class as an entry point in the group
`neurodeploy.backends`; `neurodeploy backends` then lists it.
"""
