#!/usr/bin/env bash
# Finds Node.js, installs kpromo below RUNNER_TEMP, and adds it to the PATH of later steps. Outputs: `node` and `program`,
# the paths of both. Runs on the bash 3.2 of macOS, too.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

# Untrusted text must not end the workflow command, nor start another.
fail() {
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '::error title=kpromo::%s\n' "${text//$'\n'/%0A}"
  exit 1
}

is_new_enough() {
  "$1" -e 'const [have, need] = [process.versions.node, process.argv[1]].map((version) => version.split(".").map(Number));
    const different = have.findIndex((part, index) => part !== need[index]);
    process.exit(different < 0 || have[different] > need[different] ? 0 : 1)' "$2" >/dev/null 2>&1
}

# Prints the path of a Node.js that kpromo can run on: that of PATH, else one of those that runners keep.
find_node() {
  local candidate
  for candidate in "$(command -v node || true)" "${RUNNER_TOOL_CACHE:-/nonexistent}"/node/*/*/bin/node; do
    if [ -x "$candidate" ] && is_new_enough "$candidate" "$1"; then
      printf '%s' "$candidate"
      return
    fi
  done
  return 1
}

# Installs the npm package in an empty folder, so that no .npmrc of the checked out repository selects another registry.
install_package() {
  local folder=$1
  command -v npm >/dev/null || fail 'npm is not on PATH; add a step with actions/setup-node before this one'
  mkdir -p "$folder"
  (cd "$folder" && npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-update-notifier \
    --loglevel=error "kpromo@$2") && [ -x "$folder/node_modules/.bin/kpromo" ] && return
  rm -rf "$folder"
  fail "npm cannot install kpromo@$2: see the lines before this one; check the version, and the registry that npm uses"
}

[ "${RUNNER_OS:-}" != Windows ] || fail 'kpromo does not run on Windows; use runs-on: ubuntu-latest'

needed=$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' "$root/package.json")
node=$(find_node "$needed") ||
  fail "no Node.js $needed or later on this runner; add a step with actions/setup-node and node-version: 24 before this one"
export PATH="${node%/*}:$PATH"

version=${KPROMO_ACTION_VERSION:-$("$node" -p 'require(process.argv[1]).version' "$root/package.json")}
version=${version#v}
if [ "$version" = source ]; then
  # an unbuilt checkout builds itself
  "$node" "$root/tools/setup.mjs"
  program=$root/bin/kpromo
elif [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
  # a second use in the same job finds it installed; between jobs the runner empties RUNNER_TEMP
  folder=$RUNNER_TEMP/kpromo/$version
  [ -x "$folder/node_modules/.bin/kpromo" ] || install_package "$folder" "$version"
  program=$folder/node_modules/.bin/kpromo
else
  fail "version: $version: not a version; use an exact one such as 0.1.0, or source"
fi

# A wrapper, because PATH of the other steps may have an older Node.js, which must stay theirs.
bin=$RUNNER_TEMP/kpromo/$version/bin
mkdir -p "$bin"
# shellcheck disable=SC2016 # the wrapper expands them
printf '#!/usr/bin/env bash\nexport PATH=%q:"$PATH"\nexec %q "$@"\n' "${node%/*}" "$program" >"$bin/kpromo"
chmod +x "$bin/kpromo"
printf '%s\n' "$bin" >>"$GITHUB_PATH"
printf 'node=%s\nprogram=%s\n' "$node" "$bin/kpromo" >>"$GITHUB_OUTPUT"
