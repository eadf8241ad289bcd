#!/bin/sh
# Turns a Wi-Fi or Bluetooth radio on and off round the windows, by rfkill. For [radio] hook in nod.conf.
# It needs write access to /dev/rfkill (a udev rule for the group nod, or root). What to block: NOD_RFKILL in the
# file /etc/nod/radio, a type (wlan, bluetooth) or a number as `rfkill list` shows it; wlan without that file.
# Running it twice with the same event does no harm.
set -eu

settings=${NOD_RADIO_SETTINGS:-/etc/nod/radio}
NOD_RFKILL=wlan
# shellcheck source=/dev/null
[ ! -r "$settings" ] || . "$settings"

case "${NOD_EVENT:-}" in
  on) rfkill unblock "$NOD_RFKILL" ;;
  off) rfkill block "$NOD_RFKILL" ;;
  *)
    echo "NOD_EVENT is '${NOD_EVENT:-}': this is for [radio] hook" >&2
    exit 64 ;;
esac
