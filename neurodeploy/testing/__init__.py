"""Support for users' own tests."""
