"""Transports of outgoing email: an SMTP smarthost and a Maildir."""
