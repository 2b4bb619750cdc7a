#!/bin/sh
# Serve behind Varnish, with nothing left behind: what `make edge` does when all is installed, migrated and filled.
# PORT=8000 of the origin, EDGE_PORT=8080 of Varnish, BIN=.venv/bin; Ctrl-C stops both.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
: "${PORT:=8000}" "${EDGE_PORT:=8080}" "${BIN:=.venv/bin}" "${DJANGO_SETTINGS_MODULE:=settings.development}"
PATH=$PATH:/usr/sbin:/usr/local/sbin
export PORT DJANGO_SETTINGS_MODULE PATH

unset wrong
for number in "$PORT" "$EDGE_PORT"; do
    case "$number" in
    '' | *[!0-9]* | 0* | ??????*) wrong=$number ;;
    *) [ "$number" -le 65535 ] || wrong=$number ;;
    esac
done
[ -z "${wrong+.}" ] || { echo "error: PORT and EDGE_PORT are numbers from 1 to 65535, got '$wrong'" >&2 && exit 2; }
[ "$PORT" != "$EDGE_PORT" ] || { echo "error: PORT and EDGE_PORT are two ports, got $PORT for both" >&2 && exit 2; }

has_varnish() {
    command -v varnishd >/dev/null &&
        { ls /usr/lib*/varnish/vmods/libvmod_xkey.so || ls /usr/lib/*/varnish/vmods/libvmod_xkey.so; } >/dev/null 2>&1
}
has_varnish || sh deploy/install-test-services.sh varnish varnish-modules 2>/dev/null || true
has_varnish || {
    echo "error: Varnish and its modules are needed (Debian: apt-get install varnish varnish-modules)" >&2
    exit 2
}

export READPATH_EDGES="edge=varnish://127.0.0.1:$EDGE_PORT"
export READPATH_TRUSTED_PROXIES=1

work=$(mktemp -d "${TMPDIR:-/tmp}/readpath-edge-XXXXXX")
origin="" edge="" token=""
in_django() { "$BIN/python" manage.py shell -v 0 -c "from django.contrib.auth.models import User
$1"; }
finish() {
    trap '' INT TERM HUP
    # shellcheck disable=SC2086
    kill $edge $origin 2>/dev/null || true
    wait
    [ -z "$token" ] || in_django 'User.objects.filter(username="edge-trial").delete()' >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 0' INT TERM HUP
sed "s/\"8000\"/\"$PORT\"/" deploy/varnish/origin.vcl >"$work/origin.vcl"

"$BIN/gunicorn" -c settings/gunicorn.py &
origin=$!
ORIGIN=$work WORK=$work/varnish sh deploy/varnish/varnishd.sh "127.0.0.1:$EDGE_PORT" -j none >"$work/log" 2>&1 &
edge=$!

answers() {
    "$BIN/python" -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$EDGE_PORT/healthz/live', timeout=2)" 2>/dev/null
}
tries=0
until answers; do
    kill -0 "$origin" 2>/dev/null || { echo "error: the service did not start" >&2 && exit 1; }
    kill -0 "$edge" 2>/dev/null || { echo "error: Varnish did not start:" >&2 && cat "$work/log" >&2 && exit 1; }
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || { echo "error: nobody answers on port $EDGE_PORT" >&2 && exit 1; }
    sleep 0.2
done

# An editor for as long as this runs.
told=$(in_django '
from rest_framework.authtoken.models import Token
from api.models import Post
editor, _ = User.objects.get_or_create(username="edge-trial", defaults={"is_staff": True})
post = Post.objects.filter(status="published").order_by("id").first()
print(Token.objects.get_or_create(user=editor)[0].key, post.id if post else "ID")
')
token=${told% *}
post="http://127.0.0.1:$EDGE_PORT/api/v1/posts/${told#* }/"

cat <<END
Serving http://127.0.0.1:$EDGE_PORT/api/v1/posts/ through Varnish, from http://127.0.0.1:$PORT (Ctrl-C stops both)
Read, write, and read again: Cache-Status tells who answered.

    curl -si '$post?fields=id,title'
    curl -sX PATCH -H 'Authorization: Token $token' -H 'Content-Type: application/json' -d '{"title": "Seen at once"}' $post
    curl -si '$post?fields=id,title'

END
while kill -0 "$origin" 2>/dev/null && kill -0 "$edge" 2>/dev/null; do
    sleep 1 &
    wait $! || true
done
echo "error: one of the two has ended" >&2
exit 1
