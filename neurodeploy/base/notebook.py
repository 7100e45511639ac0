"""HTML of objects in notebooks: a registry, because what renders them is imported later than what they are."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["html_of", "register_renderer"]

Renderer = Callable[[object], "str | None"]
_registered = list[Renderer]()


def register_renderer(renderer: Renderer) -> None:
    """Let notebooks show objects as `renderer` returns them: as HTML, or None for those that it does not know."""
    _registered[:] = [renderer]


def html_of(shown: object) -> str | None:
    """Return the HTML of an object, or None, upon which notebooks show its repr."""
    return _registered[0](shown) if _registered else None
