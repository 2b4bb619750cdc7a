#!/bin/sh
# Install the programs that tests and measurements start by themselves, where we may.
# Without them the tests that need them are skipped, and say so.
set -eu

missing=""
command -v sqlite3 >/dev/null || missing="$missing sqlite3"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v wrk >/dev/null || missing="$missing wrk"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
command -v varnishd >/dev/null || [ -x /usr/sbin/varnishd ] || missing="$missing varnish"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || missing="$missing postgresql"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing (once) ..."
    # Nothing of this is to run as a service of the machine: tests start their own.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.readpath
    chmod +x /usr/sbin/policy-rc.d.readpath
    [ -e /usr/sbin/policy-rc.d ] || cp /usr/sbin/policy-rc.d.readpath /usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    (apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing) >/dev/null 2>&1 ||
        echo "could not install$missing; the tests that need them will be skipped" >&2
    cmp -s /usr/sbin/policy-rc.d /usr/sbin/policy-rc.d.readpath && rm -f /usr/sbin/policy-rc.d
    rm -f /usr/sbin/policy-rc.d.readpath
else
    echo "not installed:$missing; the tests that need them will be skipped" >&2
fi
