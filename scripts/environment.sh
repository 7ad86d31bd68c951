#!/bin/sh
# Makes .venv from the pinned requirements, once.
#   scripts/environment.sh VENV run|dev
# A stamp named after the hash of the requirements is written last, so that a second call costs
# nothing, changed requirements are followed, and an environment whose making was cut short is
# made again.
set -eu

venv=$1
kind=$2
cd "$(dirname "$0")/.."

run_stamp="$venv/.made-run-$(cksum < requirements.txt | cut -d' ' -f1)"
dev_stamp="$venv/.made-dev-$(cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)"

works() { [ -x "$venv/bin/python" ]; }

if works && [ ! -e "$venv/.making" ]; then
    if [ -e "$dev_stamp" ]; then exit 0; fi
    if [ "$kind" = run ] && [ -e "$run_stamp" ]; then exit 0; fi
fi

requirements=requirements.txt
if [ "$kind" = dev ]; then requirements=requirements-dev.txt; fi

# The system's own Python first: some self-made ones lack optimisation and double dbt's start.
find_python() {
    for candidate in ${PYTHON:-} /usr/bin/python3 python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
            > /dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

requirements=requirements.txt
if [ "$kind" = dev ]; then requirements=requirements-dev.txt; fi

# An environment that someone made by hand, or that lacks only the development tools, is added to;
# one whose making was cut short, or of other requirements, is made anew.
making="$venv/.making"
made_by_hand() { ! ls "$venv"/.made-* > /dev/null 2>&1; }

if works && [ ! -e "$making" ] && { [ -e "$run_stamp" ] || made_by_hand; }; then
    echo "Completing $venv ..."
else
    python=$(find_python)
    if [ -z "$python" ]; then
        echo "No Python 3.11, 3.12 or 3.13 with venv was found: install one, or name it (make build PYTHON=/path/to/python3.11)." >&2
        exit 1
    fi
    echo "Making $venv with $("$python" --version) (once; a minute or two) ..."
    rm -rf "$venv"
    mkdir -p "$venv"
    touch "$making"
    "$python" -m venv "$venv"
fi

touch "$making"
rm -f "$venv"/.made-*
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$requirements"
touch "$run_stamp"
if [ "$kind" = dev ]; then touch "$dev_stamp"; fi
rm -f "$making"
