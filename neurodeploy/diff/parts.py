"""Digests of the parts of a network and of a target, so that a change can be named."""

from __future__ import annotations

from neurodeploy.base.noun import Noun, array_sha256, json_digest
from neurodeploy.hardware.target import Target
from neurodeploy.io.tensors import split
from neurodeploy.network import Network

__all__ = ["SHORT", "network_parts", "target_parts"]

SHORT = 16
"""Hexadecimal digits of a digest in a list of parts: 64 bits."""
KINDS = {
    "populations": "population",
    "projections": "projection",
    "inputs": "input",
    "outputs": "output",
    "probes": "probe",
}
"""List of a network -> the word for one of its items."""
CHOICES = ("schema_version", "name", "title", "file", "vendor", "board", "rule_set")
"""Fields of a target that are no figures."""


def _of(noun: Noun, word: str) -> dict[str, str]:
    plain, tensors = split(noun)
    found = {word: json_digest(plain)[:SHORT]}
    for key, array in tensors.items():
        shape = [array.dtype.kind, list(array.shape), array_sha256(array)]
        found[f"{word}: {key}"] = json_digest(shape)[:SHORT]
    return found


def network_parts(network: Network) -> dict[str, str]:
    """Return the digest of every part of a network: "projection NAME" for its fields, "projection NAME: operation/weights" for
    an array of it. Metadata are left out, because they never affect results.
    """
    found = {"time": json_digest(network.time.model_dump(mode="json"))[:SHORT]}
    for field, word in KINDS.items():
        for item in getattr(network, field):
            found |= _of(item, f"{word} {item.name}")
    return found


def target_parts(target: Target) -> dict[str, str]:
    """Return the digest of every group of figures of a target, such as "limits"."""
    fields = [name for name in type(target).model_fields if name not in CHOICES]
    plain = target.model_dump(mode="json", include=set(fields))
    return {name: json_digest(plain[name])[:SHORT] for name in fields if plain[name] not in (None, {}, [])}
