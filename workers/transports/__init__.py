"""The ways out: an SMTP smarthost, a Maildir."""
