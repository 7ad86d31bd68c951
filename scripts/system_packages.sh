#!/bin/sh
# Installs the system packages that the test suite needs and pip cannot bring: a PostgreSQL server.
#   scripts/system_packages.sh
# Costs nothing where it is there. Needs root, sudo that asks for no password, or Homebrew; without them it
# says what to do and lets the rest go on: the tests that need a server then skip and say so.
set -eu

for programs in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb; do
    if [ -x "$programs" ]; then exit 0; fi
done

by_hand="PostgreSQL is missing, so the tests that need it will skip: install it (Debian: apt-get install postgresql)."

if command -v brew > /dev/null 2>&1; then
    echo "Installing PostgreSQL (once) ..."
    brew install --quiet postgresql@17 && brew link --quiet --force postgresql@17 || echo "$by_hand" >&2
elif command -v apt-get > /dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo > /dev/null 2>&1 && sudo -n true > /dev/null 2>&1; then
        as_root="sudo -n"
    else
        echo "$by_hand" >&2
        exit 0
    fi
    echo "Installing PostgreSQL (once) ..."
    # The suite starts a server of its own: the one that the package would make and start is not wanted.
    no_cluster=/etc/postgresql-common/createcluster.d/segmentation-tests.conf
    log=$(mktemp)
    $as_root mkdir -p "$(dirname $no_cluster)"
    echo "create_main_cluster = false" | $as_root tee $no_cluster > /dev/null
    if ! { $as_root apt-get update -qq > "$log" 2>&1 &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql \
            > "$log" 2>&1; }; then
        tail -n 5 "$log" >&2
        echo "$by_hand" >&2
    fi
    $as_root rm -f $no_cluster
    rm -f "$log"
else
    echo "$by_hand" >&2
fi
