"""Exits with 0 where the web server beside it can work. For container health checks."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

URL = "http://127.0.0.1:8000/health/ready"


def main() -> int:
    """The exit code."""
    try:
        with urllib.request.urlopen(URL, timeout=4) as response:
            return int(response.status != 200)
    except (urllib.error.URLError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
