"""Email in by IMAP: poll mailboxes."""
