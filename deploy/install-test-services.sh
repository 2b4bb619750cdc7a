#!/bin/sh
# Install the programs that tests and measurements start by themselves, where we may.
# Without them the tests that need them are skipped, and say so.
# usage: install-test-services.sh [PACKAGE ...]; without arguments all that are missing.
set -eu

wanted=" $* "
missing=""
# needs PACKAGE COMMAND ...: note the package if the command fails.
needs() {
    package=$1
    shift
    [ "$wanted" = "  " ] || case "$wanted" in *" $package "*) ;; *) return 0 ;; esac
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
# What serves lives in sbin, which is not on everybody's PATH.
is_here() { command -v "$1" || [ -x "/usr/sbin/$1" ]; }

needs sqlite3 command -v sqlite3
needs redis-server command -v redis-server
needs wrk command -v wrk
needs nginx-light is_here nginx
needs varnish is_here varnishd
needs varnish-modules sh -c 'ls /usr/lib*/varnish/vmods/libvmod_xkey.so || ls /usr/lib/*/varnish/vmods/libvmod_xkey.so'
needs squid is_here squid
needs postgresql sh -c 'ls /usr/lib/postgresql/*/bin/postgres || command -v postgres'

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing (once) ..."
    # Nothing of this is to run as a service of the machine: tests start their own.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.readpath
    chmod +x /usr/sbin/policy-rc.d.readpath
    [ -e /usr/sbin/policy-rc.d ] || cp /usr/sbin/policy-rc.d.readpath /usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    install="apt-get install -y -qq --no-install-recommends"
    apt-get update -qq >/dev/null 2>&1 || true
    # shellcheck disable=SC2086
    if ! $install $missing >/dev/null 2>&1; then
        # One that this system does not have must not keep the others away.
        for package in $missing; do
            $install "$package" >/dev/null 2>&1 ||
                echo "could not install $package; the tests that need it will be skipped" >&2
        done
    fi
    cmp -s /usr/sbin/policy-rc.d /usr/sbin/policy-rc.d.readpath && rm -f /usr/sbin/policy-rc.d
    rm -f /usr/sbin/policy-rc.d.readpath
else
    echo "not installed:$missing; the tests that need them will be skipped" >&2
fi
