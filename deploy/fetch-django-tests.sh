#!/bin/sh
# Fetch the tests of Django's cache, which a wheel does not hold, for the installed version of Django.
# usage: fetch-django-tests.sh PYTHON LOCK DIRECTORY
# They come with the source distribution, through pip, and are checked against the lock's digests.
# Without a network the test that runs them is skipped, and says so.
set -eu

python=$1
lock=$2
directory=$3

version=$("$python" -c 'import django; print(django.__version__)')
target=$directory/django-tests-$version
[ -d "$target/cache" ] && exit 0

mkdir -p "$directory"
work=$(mktemp -d "$directory/fetching-django-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The requirement as the lock has it, lines with digests included; another version has none to check.
awk -v wanted="django==$version" '$1 == wanted { found = 1 } found { print } found && !/\\$/ { exit }' \
    "$lock" >"$work/requirement.txt"
if [ -s "$work/requirement.txt" ]; then
    checking=--require-hashes
else
    echo "note: $lock does not hold Django $version; its source is fetched without a digest to check" >&2
    echo "django==$version" >"$work/requirement.txt"
    checking=
fi

echo "Fetching the cache tests of Django $version (once) ..."
# shellcheck disable=SC2086
if ! "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary django \
    $checking --dest "$work" -r "$work/requirement.txt" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "could not fetch Django's tests; the test that runs them will be skipped" >&2
    exit 0
fi

archive=$(ls "$work"/*.tar.gz)
mkdir "$work/tests"
tar -xzf "$archive" -C "$work/tests" --strip-components=2 "$(basename "$archive" .tar.gz)/tests/cache"
# In one step, so that half of it never looks like all; unless another run was faster.
[ -d "$target" ] || mv "$work/tests" "$target"
