"""Closed forms and small exact systems that the papers reason about."""
