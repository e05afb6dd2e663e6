# shellcheck shell=bash
# Makes a fresh clone ready: the pinned tools from npm, and something that serves Redis. Quiet when nothing is
# missing. Sourced by scripts/demo and scripts/test, from the root of the repository:
#
#   . scripts/setup.sh tools     the runtimes and libraries of package-lock.json, into node_modules
#   . scripts/setup.sh server    redis-server or valkey-server, unless the environment names a server
#   . scripts/setup.sh runtime   one runtime: the one that RUNTIME names, else any; sets RUNTIME and RUNTIME_PROGRAM
#
# It uses what a machine with npm has, whose node may be too old to run TypeScript.

say() { printf '%s\n' "setup: $*" >&2; }

fail() {
  printf '%s\n' "setup: $*" >&2
  exit 1
}

# One at a time: two commands started together in a fresh clone must not install over each other.
locked() {
  mkdir -p .cache
  if command -v flock >/dev/null; then
    (flock 9 && "$@") 9>.cache/setup.lock
  else
    "$@"
  fi
}

# npm writes what it has installed into node_modules/.package-lock.json; packages for other systems are absent.
tools_are_current() {
  [ -f node_modules/.package-lock.json ] && node -e '
    const read = (path) => JSON.parse(require("node:fs").readFileSync(path, "utf8")).packages;
    const installed = read("node_modules/.package-lock.json");
    for (const [path, { version, optional }] of Object.entries(read("package-lock.json"))) {
      if (path === "" || (optional && !installed[path])) continue;
      if (installed[path]?.version !== version) process.exit(1);
    }'
}

runs() { "node_modules/.bin/$1" --version >/dev/null 2>&1; }

install_tools() {
  # A link belongs to another checkout, which looks after it.
  if [ ! -L node_modules ] && ! tools_are_current; then
    say "installing the tools of package-lock.json (Deno, Bun, Node and libraries; about 550 MB)"
    npm ci --no-audit --no-fund >&2 || fail "'npm ci' failed; its reason stands above"
  fi
  if ! { runs deno && runs bun && runs node; }; then
    # npm may have skipped the install steps by which these packages fetch their programs.
    say "finishing the installation of Deno, Bun and Node"
    npm rebuild deno bun node --ignore-scripts=false >&2 || fail "'npm rebuild deno bun node' failed; its reason stands above"
  fi
  local runtime
  for runtime in deno bun node; do
    runs "$runtime" || fail "node_modules/.bin/$runtime does not run: $("node_modules/.bin/$runtime" --version 2>&1 | head -n 1)"
  done
}

has_server() {
  [ -n "${KEYWIRE_SERVER_BIN:-}" ] || command -v redis-server >/dev/null || command -v valkey-server >/dev/null
}

install_server() {
  has_server && return
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing redis-server with apt"
    local log=.cache/apt.log
    # RUNLEVEL=1: only the program is wanted, so no service is started.
    if { apt-get update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      redis-server redis-sentinel redis-tools; } >"$log" 2>&1; then
      say "installed $(redis-server --version | cut -d ' ' -f 1-3)"
      return
    fi
    tail -n 5 "$log" >&2
    say "apt could not install it"
  fi
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    say "no redis-server here: the server will run in a container"
    return
  fi
  fail "there is no Redis server: install redis-server or valkey-server (Debian: apt-get install redis-server," \
    "macOS: brew install redis), or start Docker, or set ${SERVER_VARIABLE:-REDIS_URL} to the address of a server"
}

need_npm() {
  command -v npm >/dev/null && command -v node >/dev/null ||
    fail "npm is missing: install Node.js with npm (https://nodejs.org, or apt-get install npm)"
}

# Whether a program can run the sources: TypeScript without a build step, which Node has since 22.18.
can_run() {
  case "$1" in
    node) [ "$("$2" -p 'Boolean(process.features.typescript)' 2>/dev/null)" = true ] ;;
    *) "$2" --version >/dev/null 2>&1 ;;
  esac
}

# Looks for a runtime on the PATH, among the development tools, and among those installed here before.
find_runtime() {
  local name program
  for name in ${RUNTIME:-deno bun node}; do
    for program in "$(command -v "$name" || true)" "node_modules/.bin/$name" ".cache/runtimes/$name/node_modules/.bin/$name"; do
      if [ -n "$program" ] && can_run "$name" "$program"; then
        RUNTIME=$name RUNTIME_PROGRAM=$program
        return
      fi
    done
  done
  return 1
}

install_runtime() {
  find_runtime && return
  need_npm
  local name=${RUNTIME:-deno} version
  version=$(node -p "require('./package.json').devDependencies['$name']")
  say "installing $name $version, and nothing else"
  mkdir -p ".cache/runtimes/$name"
  printf '{ "private": true, "allowScripts": { "%s": true } }\n' "$name" >".cache/runtimes/$name/package.json"
  npm install --prefix ".cache/runtimes/$name" --no-audit --no-fund --loglevel=error --ignore-scripts=false "$name@$version" >&2 ||
    fail "'npm install $name' failed; its reason stands above"
  RUNTIME=$name
  find_runtime || fail ".cache/runtimes/$name/node_modules/.bin/$name does not run"
}

for part in "$@"; do
  case "$part" in
    tools) need_npm && locked install_tools ;;
    server) locked install_server ;;
    # Not under the lock, whose subshell could not set variables.
    runtime) install_runtime ;;
    *) fail "unknown part '$part'" ;;
  esac || exit 1
done
