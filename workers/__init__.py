"""Act on what is stored: everything after the queue."""
