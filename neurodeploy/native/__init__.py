"""The compiled loops: a plain shared library without Python's ABI for each folder of C files, built by the first install.

`build` compiles the sources, `library` finds and loads the result, `structs` hands nouns of arrays to it, and `header` writes
the C declarations of those nouns. The kernels themselves stand beside the Python code that they serve.
"""
