"""The raw door: Daphne and Twisted, held to limits before the house looks at anything."""
