#!/usr/bin/env bash
# GET + POST + GET for each import, with curl and 64 processes at once.
set -euo pipefail

ask() { curl --silent --show-error --fail --retry 8 --retry-all-errors --max-time 60 "$@"; }
id_of() { grep -o '"_id":"[0-9a-f]*"' | head -n 1 | cut -d '"' -f 4; }

move() {
  document=$(ask -H "Authorization: Bearer $SOURCE_TOKEN" "$SERVICE/v1/imports/$1")
  made=$(printf '%s' "${document//$OLD_CONNECTION/$NEW_CONNECTION}" |
    ask -H "Authorization: Bearer $TARGET_TOKEN" -H "Content-Type: application/json" --data-binary @- "$SERVICE/v1/imports")
  ask -H "Authorization: Bearer $TARGET_TOKEN" "$SERVICE/v1/imports/$(printf '%s' "$made" | id_of)" >/dev/null
}
export -f ask id_of move

skip=0
while true; do
  page=$(ask -H "Authorization: Bearer $SOURCE_TOKEN" "$SERVICE/v1/imports?limit=1000&skip=$skip")
  ids=$(printf '%s' "$page" | grep -o '"_id":"[0-9a-f]*"' | cut -d '"' -f 4 || true)
  [ -n "$ids" ] || break
  printf '%s\n' "$ids"
  skip=$((skip + 1000))
done | xargs -P 64 -I '{}' bash -c 'move {}'
