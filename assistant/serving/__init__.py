"""The web server: Daphne and Twisted, held to limits before Django looks at anything."""
