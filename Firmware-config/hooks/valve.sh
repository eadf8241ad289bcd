#!/bin/sh
# Opens and closes valves as keys say: valve/3 = open opens valve 3, anything else closes it, and so does its absence.
# For a [hook.NAME] with on = key and pattern = valve/* in nod.conf.
#
# A valve is a line of the GPIO: /etc/nod/valves has one line for each, "3 /sys/class/gpio/gpio22/value". A valve that
# is not listed there belongs to another board. Running it twice does no harm, and the newest state comes last.
set -eu

valves=${NOD_VALVES:-/etc/nod/valves}

set_valve() {
  [ ! -w "$2" ] || [ "$(cat "$2")" = "$1" ] || echo "$1" >"$2"
}

case "${NOD_EVENT:-}" in
  set)
    wanted=0
    [ "${NOD_VALUE:-}" != open ] || wanted=1 ;;
  del | expired) wanted=0 ;;
  resync)
    # Nobody knows which keys have gone meanwhile: what is closed here and should be open is opened by what follows.
    while read -r name line; do
      case "$name" in '' | '#'*) continue ;; esac
      set_valve 0 "$line"
    done <"$valves"
    exit 0 ;;
  *)
    echo "NOD_EVENT is '${NOD_EVENT:-}': this is for on = key" >&2
    exit 64 ;;
esac

number=${NOD_KEY#valve/}
while read -r name line; do
  if [ "$name" = "$number" ]; then set_valve "$wanted" "$line"; fi
done <"$valves"
