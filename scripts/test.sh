#!/usr/bin/env bash
# Sets up .venv and runs the tests: scripts/test.sh [options of pytest]. If there are none, all but
# the slow ones, in two processes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/venv.sh
source scripts/venv.sh

ready_venv dev
if (($# == 0)); then
  set -- -m "not slow" --numprocesses 2 --dist loadgroup
fi
exec .venv/bin/python -m pytest "$@"
