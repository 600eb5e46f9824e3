#!/usr/bin/env bash
# Sets up .venv and runs the tests: scripts/test.sh [options of pytest]. If there are none, all but
# the slow ones: those that start Ray, then the others in two processes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/venv.sh
source scripts/venv.sh

ready_venv dev
if (($# == 0)); then
  .venv/bin/python -m pytest -m "ray and not slow"
  set -- -m "not ray and not slow" --numprocesses 2 --dist worksteal
fi
exec .venv/bin/python -m pytest "$@"
