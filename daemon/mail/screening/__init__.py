"""Who wrote an email: a person or a machine, and why we think so."""
