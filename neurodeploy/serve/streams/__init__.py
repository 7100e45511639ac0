"""Streams over a WebSocket: their messages, the events that go in, the spikes that come out, and the work between."""
