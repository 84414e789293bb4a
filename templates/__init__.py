"""What people receive: Jinja2 templates of emails in mail/, translations in locale/, read as package data."""
