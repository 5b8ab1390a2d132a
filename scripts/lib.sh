# Sourced by the scripts beside it: makes .venv and installs what is asked for, only when something changed.
# Wheels only: nothing is compiled, and no package's own code runs to build it.
# Usage: prepare_venv EXTRAS     (EXTRAS is "" or "[test]")
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

prepare_venv() {
    local extras=$1 stamp=".venv/.installed${1//[^a-z]/-}" python=
    # A .venv half made, of a Python that has gone, or of a checkout that has moved, is made again.
    if ! .venv/bin/python -c 'import pip' 2>/dev/null || [ "$(cat .venv/.made-in 2>/dev/null)" != "$root" ]; then
        for python in python3 python3.13 python3.12 python3.11; do
            if command -v "$python" >/dev/null && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
                break
            fi
            python=
        done
        if [ -z "$python" ]; then
            echo "qanat needs Python 3.11 or newer; on Debian: apt-get install python3 python3-venv" >&2
            exit 1
        fi
        echo "Making .venv ..." >&2
        rm -rf .venv
        if ! "$python" -m venv .venv; then
            rm -rf .venv
            echo "cannot make .venv; on Debian: apt-get install python3-venv" >&2
            exit 1
        fi
        echo "$root" >.venv/.made-in
    fi
    if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
        echo "Installing (wheels only) ..." >&2
        local pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all:)
        "${pip[@]}" --upgrade "setuptools>=68" wheel
        "${pip[@]}" --no-build-isolation -e ".$extras"
        touch "$stamp"
    fi
}
