"""Reads for people and jobs: lists, tickets, timelines and statistics, each bounded."""
