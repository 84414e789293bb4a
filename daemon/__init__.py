"""Accept mail and own the data: everything up to the queue."""
