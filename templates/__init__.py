"""What people receive: Jinja2 templates, read as package data."""
