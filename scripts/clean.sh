#!/bin/sh
# Removes what a build makes again. Published files, backups and a company's own inputs stay.
set -eu
warehouse=${WAREHOUSE_DIR:-}
cd "$(dirname "$0")/.."
warehouse=${warehouse:-warehouse}

rm -rf target logs .pytest_cache .ruff_cache .hypothesis
find scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock file says that the folder is a warehouse, and not some folder with a sample/ of its own.
if [ -e "$warehouse/.lock" ]; then
    for made in build.duckdb build.duckdb.wal sample target logs; do
        rm -rf "${warehouse:?}/$made"
    done
    rm -rf "$warehouse"/.publishing-*
fi
