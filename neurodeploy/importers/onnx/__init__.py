"""ONNX models as trained networks: files, constants, one small function for each operation."""
