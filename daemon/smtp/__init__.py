"""Email in by SMTP and LMTP."""
