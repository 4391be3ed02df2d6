# Sourced by the launchers beside it. Finds a Node that is new enough, in a source checkout installs and builds what is
# missing, and then becomes the program: launch PROGRAM ARGUMENTS. Expects its own directory in $here.

node_floor=22.22.0

# node_is PATH VERSION: is this a Node of at least this version?
node_is() {
  "$1" -e 'const n = process.versions.node.split(".").map(Number), f = process.argv[1].split(".").map(Number);
    process.exit((n[0] - f[0] || n[1] - f[1] || n[2] - f[2]) >= 0 ? 0 : 1)' "$2" 2>/dev/null
}

# The pinned Node when it is installed, else the one of PATH.
find_node() {
  if node_is "$root/node_modules/node/bin/node" "$1"; then
    echo "$root/node_modules/node/bin/node"
  elif found=$(command -v node) && node_is "$found" "$1"; then
    echo "$found"
  elif [ -n "${found:-}" ]; then
    echo "Wenchang needs Node $1 or newer; $found is $("$found" --version)." >&2
    return 1
  else
    echo "Wenchang needs Node $1 or newer; there is no node in PATH." >&2
    return 1
  fi
}

launch() {
  program=$1
  shift
  root=$(dirname "$here")
  if [ -f "$root/scripts/run.mjs" ] && [ -d "$root/src" ]; then
    node=$(find_node 20.0.0) || exit 1
    node=$("$node" "$root/scripts/run.mjs" prepare) || exit 1
  else
    node=$(find_node $node_floor) || exit 1
  fi
  if [ ! -f "$root/dist/$program.js" ]; then
    echo "$root/dist/$program.js is missing." >&2
    exit 1
  fi
  # As Java's scripts do: the home of the installation is where the launcher lies, unless somebody says otherwise.
  : "${ROCKETMQ_HOME:=$root}"
  export ROCKETMQ_HOME
  exec "$node" "$root/dist/$program.js" "$@"
}
