"""What people receive: Jinja2 templates of emails in mail/, read as package data."""
