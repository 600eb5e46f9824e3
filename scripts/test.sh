#!/usr/bin/env bash
# Sets up .venv and runs the tests: scripts/test.sh [options of pytest]. If there are none, all but
# the slow ones, in two processes; those that start Ray and mostly wait run beside them, and what
# they say comes last.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/venv.sh
source scripts/venv.sh

ready_venv dev
if (($# > 0)); then
  exec .venv/bin/python -m pytest "$@"
fi
said="$(mktemp -d)"
.venv/bin/python -m pytest -m "ray and not slow" --numprocesses 2 --dist loadfile >"$said/ray" 2>&1 &
ray=$!
trap 'kill "$ray" 2>/dev/null || true; rm -rf "$said"' EXIT
code=0 ray_code=0
PYTHONUNBUFFERED=1 .venv/bin/python -m pytest -m "not ray and not slow" \
  --numprocesses 2 --dist worksteal | tee "$said/others" || code=$?
wait "$ray" || ray_code=$?
cat "$said/ray"
if ((code != 0)); then
  tail -n 1 "$said/others" # the last line says that something has failed
fi
exit $((code > ray_code ? code : ray_code))
