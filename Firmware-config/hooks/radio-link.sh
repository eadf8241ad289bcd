#!/bin/sh
# Turns a network interface on and off round the windows, by ip link: for 802.15.4 and 6LoWPAN interfaces, and for
# Wi-Fi in IBSS or mesh mode. For [radio] hook in nod.conf. It needs CAP_NET_ADMIN (see docs/hooks.md).
# Which interface: NOD_LINK in the file /etc/nod/radio; wlan0 without that file.
# An interface that goes down loses its IPv6 addresses: they come back with the link; give multicast_group in nod.conf
# an interface whose address is set by the network configuration. Running it twice does no harm.
set -eu

settings=${NOD_RADIO_SETTINGS:-/etc/nod/radio}
NOD_LINK=wlan0
# shellcheck source=/dev/null
[ ! -r "$settings" ] || . "$settings"

case "${NOD_EVENT:-}" in
  on) ip link set dev "$NOD_LINK" up ;;
  off) ip link set dev "$NOD_LINK" down ;;
  *)
    echo "NOD_EVENT is '${NOD_EVENT:-}': this is for [radio] hook" >&2
    exit 64 ;;
esac
