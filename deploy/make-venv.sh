#!/bin/sh
# Make a virtual environment. usage: make-venv.sh PYTHON DIRECTORY
# Debian ships the venv module apart from Python; where we may, it is installed.
set -eu

python=$1
directory=$2

command -v "$python" >/dev/null || {
    echo "error: $python is not installed; Python 3.11 or newer is needed (make run PYTHON=...)" >&2
    exit 2
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: $("$python" --version) is too old; 3.11 or newer is needed (make run PYTHON=python3.12)" >&2
    exit 2
}
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "error: $python has no venv module; install it (Debian: apt-get install python3-venv)" >&2
        exit 2
    fi
fi
rm -rf "$directory"
"$python" -m venv "$directory"
