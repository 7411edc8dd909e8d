"""The JSON API of this app: parse, call one service, answer."""
