#!/usr/bin/env bash
# Renders the man page with what there is of groff's man and mandoc: man_test.sh FILE
set -euo pipefail
page=$1
rendered=
fail() { printf '%s\n' "$@" >&2; exit 1; }

if command -v man >/dev/null && command -v groff >/dev/null; then
  rendered=$(LC_ALL=C.UTF-8 MANWIDTH=90 man --warnings -l "$page" 2>&1 >/dev/null)
  [[ -z $rendered ]] || fail "man warns:" "$rendered"
  rendered=$(LC_ALL=C.UTF-8 MANWIDTH=90 man -l "$page" | col -b)
fi
if command -v mandoc >/dev/null; then
  mandoc -T lint -W warning "$page" || fail "mandoc warns"
  rendered=$(mandoc -T utf8 "$page" | col -b)
fi
[[ -n $rendered ]] || { echo "skipped: there is neither man with groff nor mandoc"; exit 77; }
for words in 'tensor_relu_parallel predict MODEL' '-d, --data DIR' '--label-column' 'EXIT STATUS' \
  'selftest' 'jq -r'; do
  [[ $rendered == *"$words"* ]] || fail "$words is not on the page"
done
[[ $rendered != *'\f'* ]] || fail "there is roff on the page"
