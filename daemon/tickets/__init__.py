"""Use cases: one function per action, one transaction each; called by SMTP, IMAP and the command line alike."""
