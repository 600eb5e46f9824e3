#!/usr/bin/env bash
# Sets up .venv and runs the tests: scripts/test.sh [options of pytest], without the slow ones if
# there are none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/venv.sh
source scripts/venv.sh

ready_venv dev
if (($# == 0)); then
  set -- -m "not slow"
fi
exec .venv/bin/python -m pytest "$@"
