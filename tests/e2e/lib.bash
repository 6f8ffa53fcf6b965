# What the end-to-end scripts share. Source it; it makes and enters a folder of its own.
set -euo pipefail
bin=${SARN_BUILD_DIR:?}/bin
data=${SARN_SOURCE_DIR:?}/examples/data
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Programs compiled by a test go with a library that may be sanitized.
sanitize=${SARN_SANITIZE:+-fsanitize=$SARN_SANITIZE}

step() { echo "-- $*"; }
die() {
  echo "$*" >&2
  exit 1
}

# expect STATUS command...: run it; its output is in out and err.
expect() {
  local wanted=$1 got=0
  shift
  "$@" >out 2>err || got=$?
  [ "$got" = "$wanted" ] || {
    cat out err >&2
    die "exit status $got instead of $wanted: $*"
  }
}

# has FILE TEXT: some line of FILE has TEXT in it.
has() { grep -qF -- "$2" "$1" || { cat "$1" >&2; die "not in $1: $2"; }; }
has_not() { if grep -qF -- "$2" "$1"; then cat "$1" >&2; die "in $1: $2"; fi; }
# same FILE FILE
same() { diff -u "$1" "$2" >&2 || die "$1 and $2 differ"; }
