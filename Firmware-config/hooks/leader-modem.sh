#!/bin/sh
# The leader powers the cluster's modem, nobody else does. For a [hook.NAME] with on = role in nod.conf.
#
# Fencing: NOD_FENCE grows with every new leader. The highest one that was seen is kept in a file, and "leader" with a
# lower one is refused: that is a run which was overtaken. A modem that more than one board can reach must keep the
# number itself, or ask for it; a file on one board fences that board only.
#
# What is switched, by settings in /etc/nod/modem:
#   NOD_MODEM_GPIO=/sys/class/gpio/gpio17/value   a line that powers it: 1 is written, or 0
#   NOD_MODEM_MMCLI=0                             or a modem of ModemManager: mmcli -m 0 --enable | --disable
# Running it twice with the same event does no harm.
set -eu

settings=${NOD_MODEM_SETTINGS:-/etc/nod/modem}
NOD_MODEM_GPIO=
NOD_MODEM_MMCLI=
NOD_MODEM_FENCE=/var/lib/nod/modem.fence
# shellcheck source=/dev/null
[ ! -r "$settings" ] || . "$settings"

switch() {
  [ -z "$NOD_MODEM_GPIO" ] || echo "$1" >"$NOD_MODEM_GPIO"
  if [ -n "$NOD_MODEM_MMCLI" ]; then
    if [ "$1" = 1 ]; then mmcli -m "$NOD_MODEM_MMCLI" --enable; else mmcli -m "$NOD_MODEM_MMCLI" --disable; fi
  fi
}

case "${NOD_EVENT:-}" in
  leader)
    seen=0
    [ ! -r "$NOD_MODEM_FENCE" ] || read -r seen <"$NOD_MODEM_FENCE" || seen=0
    if [ "$NOD_FENCE" -lt "${seen:-0}" ]; then
      echo "ballot $NOD_BALLOT is of the past: $NOD_FENCE is below $seen" >&2
      exit 1
    fi
    # The number is safe before the modem is on.
    echo "$NOD_FENCE" >"$NOD_MODEM_FENCE.new"
    sync "$NOD_MODEM_FENCE.new" 2>/dev/null || sync
    mv "$NOD_MODEM_FENCE.new" "$NOD_MODEM_FENCE"
    switch 1 ;;
  follower | no-leader | stopped) switch 0 ;;
  *)
    echo "NOD_EVENT is '${NOD_EVENT:-}': this is for on = role" >&2
    exit 64 ;;
esac
