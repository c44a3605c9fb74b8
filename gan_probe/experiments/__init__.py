"""Thin drivers, one a figure or table of the papers."""
