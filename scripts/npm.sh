#!/bin/sh
# npm, from the system or, where there is none, out of a Python wheel put into the virtual
# environment. No package's own script is run: we want their files, not their behaviour.
set -eu
if ! command -v npm >/dev/null 2>&1; then
    export PATH="$PWD/.venv/bin:$PATH"
    command -v npm >/dev/null 2>&1 ||
        .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/node.lock
fi
exec npm "$@" --ignore-scripts --no-audit --no-fund --loglevel=error --no-update-notifier
