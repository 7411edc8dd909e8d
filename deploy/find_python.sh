#!/bin/sh
# Prints the path of a Python 3.10 that can make virtual environments, or says in one line what to install.
# PYTHON=/path/to/python3.10 chooses one. Uses nothing but the shell, so that it can tell even where PATH is empty.

take() {
    "$1" -c 'import sys, venv, ensurepip
if sys.version_info[:2] != (3, 10): sys.exit(1)
print(sys.executable)' 2>/dev/null && exit 0
}

if [ -n "${PYTHON:-}" ]; then
    take "$PYTHON"
    echo "PYTHON=$PYTHON is no Python 3.10 that can make virtual environments (Debian, Ubuntu: python3.10-venv)." >&2
    exit 1
fi

for python in python3.10 python3 python \
    "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.10*/bin/python3.10 \
    "${HOME:-}"/.local/bin/python3.10 /usr/local/bin/python3.10 /opt/homebrew/bin/python3.10 /usr/bin/python3.10; do
    take "$python"
done

for uv in uv "${HOME:-}"/.local/bin/uv "${HOME:-}"/.cargo/bin/uv; do
    command -v "$uv" >/dev/null 2>&1 || continue
    take "$("$uv" python find 3.10 2>/dev/null)"
    echo "Fetching Python 3.10 with uv ..." >&2
    "$uv" python install --quiet 3.10 2>/dev/null && take "$("$uv" python find 3.10 2>/dev/null)"
done

echo "Frontdesk needs Python 3.10 and finds none: install it (apt-get install python3.10-venv, brew install python@3.10, pyenv install 3.10 or uv python install 3.10), or say where it is: make run PYTHON=/path/to/python3.10" >&2
exit 1
