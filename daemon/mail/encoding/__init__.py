"""Bytes to text: charsets, transfer encodings and encoded words."""
