"""What is new in a reply: cut the quote and the signature."""
