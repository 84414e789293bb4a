"""Parse an email: the MIME tree, headers, dates, body and attachments."""
