"""The hash of the input that a sample has seen, by which a run recognizes the state of another.

It is a sum over all spikes and values of a mixed number each, so that it can be continued without the past, and does not
depend on the order or the parts in which input arrives. It finds mistakes; it does not stop someone who looks for two inputs
with one hash.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.simulate.noise import INCREMENT, mixed

__all__ = ["FORM", "ShownInput"]

Array = NDArray[Any]
FORM = "sum:"
"""How a hash begins. Those without it are of states that earlier versions kept: BLAKE2 of the input as a whole."""
WAITING = 1 << 16
"""Spikes that are kept until they are added together, because each addition of few costs as much as one of many."""


class ShownInput:
    """The hash of one sample's input so far."""

    def __init__(self, text: str = "") -> None:
        """`text`: the hash to continue, which begins with FORM; empty: nothing was shown."""
        words = text.removeprefix(FORM) or "0" * 32
        self._low, self._high = int(words[16:], 16), int(words[:16], 16)
        self._waiting = dict[tuple[str, int], list[Array]]()
        self._n_waiting = 0

    def add(self, name: str, places: Array, values: Array | None = None) -> None:
        """Add spikes, or values other than 0, of what is called `name`, each place once.

        `places`: (n,) int64, (step - 1) * lines + line. `values`: (n,) float64; None: spikes.
        """
        words = _mixed_places(name, places, values)
        other = mixed((words ^ (words >> np.uint64(29))) * np.uint64(INCREMENT))
        self._low = (self._low + int(words.sum(dtype=np.uint64))) % 2**64
        self._high = (self._high + int(other.sum(dtype=np.uint64))) % 2**64

    def add_keys(self, name: str, keys: Array, lines: int) -> None:
        """Add spikes of an input, `name`, of so many `lines`. `keys`: (n,) int64, step * 2**32 + line, each once."""
        self._waiting.setdefault((name, lines), []).append(keys)
        self._n_waiting += keys.size + 64  # an array takes memory of its own
        if self._n_waiting >= WAITING:
            self._add_waiting()

    def text(self) -> str:
        """The hash."""
        self._add_waiting()
        return f"{FORM}{self._high:016x}{self._low:016x}"

    def _add_waiting(self) -> None:
        waiting, self._waiting, self._n_waiting = self._waiting, {}, 0
        for (name, lines), parts in waiting.items():
            keys = np.concatenate(parts)
            self.add(name, ((keys >> 32) - 1) * lines + (keys & 0xFFFFFFFF))


def _mixed_places(name: str, places: Array, values: Array | None = None) -> Array:
    """A random-looking word for each place, and its value, of what is called `name`."""
    salt = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    words = mixed(places.astype(np.uint64) + np.uint64(salt))
    if values is None:
        return words
    return mixed(words ^ np.ascontiguousarray(values, dtype="<f8").view("<u8").astype(np.uint64))
