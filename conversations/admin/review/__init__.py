"""The review page: one conversation to read and to annotate.

It works by links and forms; scripts ask for parts of it (`views`) and post the same forms (`changes`).
"""
