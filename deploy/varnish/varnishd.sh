#!/bin/sh
# Start Varnish with the recipe, in the foreground. usage: varnishd.sh [HOST]:PORT [options of varnishd]
# ORIGIN=directory with an origin.vcl of your own; MEMORY=256m; WORK=directory for what Varnish compiles and logs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
listen=${1:?usage: varnishd.sh [HOST]:PORT [options of varnishd]}
shift

PATH=$PATH:/usr/sbin:/usr/local/sbin
exec varnishd -F -a "$listen" -f "$here/readpath.vcl" -s "malloc,${MEMORY:-256m}" ${WORK:+-n "$WORK"} \
    -p "vcl_path=${ORIGIN:+$ORIGIN:}$here" \
    -p http_gzip_support=off \
    -p http_range_support=off \
    "$@"
