"""Use cases: one function per action, one transaction each; called by SMTP, IMAP, HTTP and the command line alike."""
