"""The checks of `triaged check`; each yields findings."""
