"""Programs whose input arrives over time: sessions, which give the bits of a run however the input is divided."""

from neurodeploy.stream.nouns import Chunk, StreamChoices, StreamOptions
from neurodeploy.stream.session import Session, open_session

__all__ = ["Chunk", "Session", "StreamChoices", "StreamOptions", "open_session"]
