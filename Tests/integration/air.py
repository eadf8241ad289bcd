"""Stands between the agents: every datagram passes through here, is remembered, and can be sent again. It needs no
rights, as the roster's addresses are its own and each agent listens elsewhere.
"""

import selectors
import socket
import threading

from fixture import LocalCluster, free_udp_ports


class Air:
    """A thread that hands datagrams on to whom they are meant for. Start it before the agents."""

    def __init__(self, roster_addresses, listen_addresses):
        self.captured = []
        self.is_recording = True
        self._selector = selectors.DefaultSelector()
        self._ends = threading.Event()
        self.listeners = [(host, int(port)) for host, port in (each.split(":") for each in listen_addresses)]
        for slot, address in enumerate(roster_addresses):
            host, port = address.split(":")
            each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            each.bind((host, int(port)))
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ, slot)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ends.is_set():
            for key, _ in self._selector.select(0.1):
                try:
                    data = key.fileobj.recv(2048)
                except OSError:
                    continue
                if self.is_recording:
                    self.captured.append((key.data, data))
                try:
                    key.fileobj.sendto(data, self.listeners[key.data])
                except OSError:
                    pass  # nobody listens there: lost, as on the air

    def close(self):
        self._ends.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


def cluster_on_air(binaries, **options):
    """A cluster that is not started yet, and the air between its members."""
    cluster = LocalCluster(binaries, **options)
    listen = [f"127.0.0.1:{port}" for port in free_udp_ports(len(cluster.nodes))]
    for node, address in zip(cluster, listen):
        text = node.configuration.read_text()
        added = f"[radio]\nlisten = {address}\n"
        text = text.replace("[radio]\n", added, 1) if "[radio]\n" in text else text + "\n" + added
        node.configuration.write_text(text)
    return cluster, Air(cluster.addresses, listen)
