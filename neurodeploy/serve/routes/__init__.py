"""Addresses of the server, one module for each group; every module has a function `routes` of the service."""
