"""Pieces of the JSON API that know nothing of the project."""
