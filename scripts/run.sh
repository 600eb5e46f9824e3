#!/usr/bin/env bash
# Sets up .venv, runs a grid and builds the report: scripts/run.sh [options of `bench run`]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/venv.sh
source scripts/venv.sh

ready_venv fast
if (($# == 0)); then
  set -- --grid demo
fi

results=results name=local previous= report=yes
for argument; do
  [[ $previous != --results ]] || results=$argument
  [[ $argument != --results=* ]] || results=${argument#--results=}
  [[ $previous != --name ]] || name=$argument
  [[ $argument != --name=* ]] || name=${argument#--name=}
  [[ $argument != --dry-run ]] || report=no
  previous=$argument
done

code=0
.venv/bin/python -m bench run "$@" || code=$?
((code != 2)) || exit 2 # bad input: nothing was run, and the one line that says so is enough
[[ $report == yes ]] || exit "$code"
reported=0
.venv/bin/python -m bench report --results "$results" --name "$name" || reported=$?
exit "$((code ? code : reported))"
