"""The Open Inference Protocol V2 on the wire: JSON, its extension of binary tensors, metadata, errors, the OpenAPI document."""
