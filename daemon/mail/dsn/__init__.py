"""Bounces, receipts and complaints: reports about email that we sent."""
