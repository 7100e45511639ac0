"""Lowering of a program's core tables to the layout that the kernels read. Runs nothing."""
