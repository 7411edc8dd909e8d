"""Websockets of the staff."""
