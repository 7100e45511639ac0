# pyright: basic
"""The bytes of a NIR file, in the layout of nir 1.0.8.

/version; /node with type NIRGraph, nodes/<name>/{type, <field>...}, edges (n, 2) as text, and metadata/. Nothing is compressed
and no time is stored, so equal graphs give equal bytes.
"""

from __future__ import annotations

import io

import h5py
import numpy as np

from neurodeploy.exporters.nir.graph import GraphBuilder
from neurodeploy.network.embedded import ARRAYS, DOCUMENT, STEP, Embedded

__all__ = ["VERSION", "graph_bytes"]

VERSION = "1.0.8"
"""Version of nir whose layout the file has."""


def graph_bytes(graph: GraphBuilder, dt_s: float, embedded: Embedded) -> bytes:
    """Return the content of a file with a graph, the step length in seconds, and the network that the graph was made from."""
    buffer, text = io.BytesIO(), h5py.string_dtype()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("version", data=VERSION, dtype=text)
        root = file.create_group("node")
        root.create_dataset("type", data="NIRGraph", dtype=text)
        edges = np.array(graph.edges, dtype=object).reshape(-1, 2)
        root.create_dataset("edges", data=edges, dtype=text)
        nodes = root.create_group("nodes", track_order=True)  # nirtorch builds modules in the order of the file
        for name in graph.ordered():
            node = graph.nodes[name]
            place = nodes.create_group(name)
            place.create_dataset("type", data=node.kind, dtype=text)
            for key, value in sorted(node.fields.items()):
                place.create_dataset(key, data=value, **({"dtype": text} if isinstance(value, str) else {}))
        metadata = root.create_group("metadata")
        metadata.create_dataset(DOCUMENT, data=embedded.document, dtype=text)
        metadata.create_dataset(STEP, data=dt_s)
        arrays = metadata.create_group(ARRAYS) if embedded.arrays else None
        for key, array in embedded.arrays.items():
            if arrays is not None:
                arrays.create_dataset(key, data=array)
    return buffer.getvalue()
