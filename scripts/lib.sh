# Sourced by the scripts beside it: makes .venv and installs what is asked for, only when something changed.
# Usage: prepare_venv EXTRAS     (EXTRAS is "" or "[test]")
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

prepare_venv() {
    local extras=$1 stamp=".venv/.installed${1//[^a-z]/-}" python=
    if [ ! -x .venv/bin/python ]; then
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
    fi
    if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
        echo "Installing (wheels only) ..." >&2
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --upgrade "setuptools>=68" wheel
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --prefer-binary -e ".$extras"
        touch "$stamp"
    fi
}
