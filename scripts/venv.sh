# shellcheck shell=bash
# Sourced by run.sh and test.sh, from the project's root.

# ready_venv EXTRA: makes .venv with the project, an extra, and envpool where it can be had, unless it
# is there and up to date.
# PYTHON=... chooses the interpreter; without it, an existing .venv is kept, or python3 makes one.
ready_venv() {
  local extra=$1 python=${PYTHON:-python3} stamp=.venv/.ready-$1 hash
  if [[ -z ${PYTHON:-} ]] && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=.venv/bin/python
  fi
  local version='import sys; print("%d.%d.%d" % sys.version_info[:3])'
  local fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
  if ! "$python" -c "$fits" 2>/dev/null; then
    echo "error: $python is $("$python" -c "$version" 2>/dev/null || echo not there);" \
      "Python 3.11, 3.12 or 3.13 is needed: set PYTHON=/path/to/python" >&2
    return 2
  fi
  if [[ $("$python" -c "$version") != $(.venv/bin/python -c "$version" 2>/dev/null) ]] ||
    ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear .venv
  fi
  hash=$(.venv/bin/python -c 'import hashlib
print(hashlib.sha256(open("pyproject.toml", "rb").read()).hexdigest())')
  if [[ -f $stamp && $(<"$stamp") == "$hash" ]]; then
    return
  fi
  echo "installing into .venv: minutes the first time"
  if ! _install ".[$extra,fast]" 2>/dev/null; then
    _install ".[$extra]"
    echo "envpool cannot be installed here: tasks whose environments it steps are skipped"
  fi
  echo "$hash" >"$stamp"
}

_install() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$1"
}
