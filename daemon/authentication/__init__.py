"""Check who sent an email where we are the MX: SPF, DKIM, ARC and DMARC, with bounded time, look-ups and memory."""
