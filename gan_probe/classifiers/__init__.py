"""Classifiers: what names the class of samples that carry no labels."""
