"""Capture files made by hand: the same datagrams under every link type that nodctl decode knows, as pcap in all its
four forms and as pcapng. With them a test needs no right to capture.
"""

import socket
import struct

ETHERNET, RAW, COOKED, COOKED2, NULL, LOOP = 1, 101, 113, 276, 0, 108


def udp(payload, source_port, destination_port):
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def ipv4(payload, source, destination):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, 17, 0, socket.inet_aton(source),
                       socket.inet_aton(destination))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return head[:10] + struct.pack("!H", checksum) + head[12:] + payload


def ipv6(payload, source, destination):
    return struct.pack("!IHBB", 6 << 28, len(payload), 17, 64) + socket.inet_pton(socket.AF_INET6, source) \
        + socket.inet_pton(socket.AF_INET6, destination) + payload


def packet(link, data, source=("127.0.0.1", 7100), destination=("127.0.0.1", 7101)):
    """One datagram as it is captured at a link of this type."""
    is_v6 = ":" in source[0]
    network = (ipv6 if is_v6 else ipv4)(udp(data, source[1], destination[1]), source[0], destination[0])
    kind = 0x86DD if is_v6 else 0x0800
    return {
        ETHERNET: b"\x02" * 12 + struct.pack("!H", kind),
        RAW: b"",
        COOKED: struct.pack("!HHH8sH", 0, 772, 6, b"\0" * 8, kind),
        COOKED2: struct.pack("!HHIHBB8s", kind, 0, 1, 772, 0, 6, b"\0" * 8),
        NULL: struct.pack("<I", 10 if is_v6 else 2),
        LOOP: struct.pack("!I", 10 if is_v6 else 2),
    }[link] + network


def pcap(link, packets, order="<", nanoseconds=False):
    """A file of (time in nanoseconds, packet) pairs."""
    data = struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    for time, each in packets:
        rest = time % 10**9 if nanoseconds else time % 10**9 // 1000
        data += struct.pack(order + "IIII", time // 10**9, rest, len(each), len(each)) + each
    return data


def pcapng(link, packets, order="<"):
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))

    resolution = struct.pack(order + "HHB3x", 9, 1, 9) + struct.pack(order + "HH", 0, 0)
    data = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    data += block(1, struct.pack(order + "HHI", link, 0, 262144) + resolution)
    for time, each in packets:
        data += block(6, struct.pack(order + "IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(each), len(each)) + each)
    return data
