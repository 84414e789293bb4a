"""Monitoring: metrics for Prometheus, and whether the process lives and can accept."""
