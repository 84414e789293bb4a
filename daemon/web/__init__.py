"""Serve HTTP: the API, its documentation and the pages. Loaded only where it is enabled."""
