"""Read email: pure functions from bytes to values, no database, network, clock or settings."""
