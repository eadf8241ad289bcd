// Datagrams: one socket, and the addresses of the peers by number, so that Swift never sees a sockaddr. The
// receiver of a radio that is off loses what arrives: board_udp_discard throws away what the kernel kept
// meanwhile.
#define _GNU_SOURCE
#include "CBoard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  host_limit = 64,          // "[", an IPv6 address, "%", an interface name
  discard_limit = 1 << 16,  // more than any receive buffer holds
};

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address_t;

struct board_udp {
  int fd;
  address_t group;                   // family AF_UNSPEC: no group
  address_t peers[BOARD_UDP_PEERS];  // family AF_UNSPEC: not known
};

static socklen_t length_of(const address_t *address) {
  return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

static int parse_port(const char *text, uint16_t *port) {
  uint32_t value = 0;
  size_t digits = strlen(text);
  if (digits < 1 || digits > 5) return -EINVAL;
  for (const char *c = text; *c; c++) {
    if (*c < '0' || *c > '9') return -EINVAL;
    value = value * 10 + (uint32_t)(*c - '0');
  }
  if (value > 65535) return -EINVAL;
  *port = (uint16_t)value;
  return 0;
}

static int parse_v6(char *host, uint16_t port, address_t *address) {
  char *scope = strchr(host, '%');
  if (scope) *scope++ = 0;
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1) return -EINVAL;
  if (!scope) return 0;
  if (*scope == 0) return -EINVAL;
  address->v6.sin6_scope_id = if_nametoindex(scope);
  return address->v6.sin6_scope_id ? 0 : -ENODEV;
}

// "host:port" or "[v6]:port"; -ENODEV when all is well but the interface after % is not there.
static int parse(const char *text, address_t *address) {
  char host[host_limit];
  uint16_t port = 0;
  memset(address, 0, sizeof *address);
  const char *colon = strrchr(text, ':');
  if (!colon || colon == text || (size_t)(colon - text) >= sizeof host) return -EINVAL;
  if (parse_port(colon + 1, &port) != 0) return -EINVAL;
  size_t length = (size_t)(colon - text);
  memcpy(host, text, length);
  host[length] = 0;
  if (host[0] == '[') {
    if (host[length - 1] != ']') return -EINVAL;
    host[length - 1] = 0;
    return parse_v6(host + 1, port, address);
  }
  address->v4.sin_family = AF_INET;
  address->v4.sin_port = htons(port);
  const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
  return inet_pton(AF_INET, name, &address->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

static int is_multicast(const address_t *address) {
  if (address->any.sa_family == AF_INET6) return IN6_IS_ADDR_MULTICAST(&address->v6.sin6_addr);
  return IN_MULTICAST(ntohl(address->v4.sin_addr.s_addr));
}

static uint16_t port_of(const address_t *address) {
  return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

// An address that is to be written into a file need not have its interface yet; it must have a port.
static int check(const char *text, address_t *address) {
  int verdict = parse(text, address);
  if (verdict != 0 && verdict != -ENODEV) return verdict;
  return port_of(address) == 0 ? -EINVAL : 0;
}

int board_address_check(const char *text) {
  address_t address;
  return check(text, &address);
}

int board_address_check_multicast(const char *text) {
  address_t address;
  int verdict = check(text, &address);
  if (verdict != 0) return verdict;
  return is_multicast(&address) ? 0 : -EINVAL;
}

static int set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

static int join(int fd, const address_t *group, unsigned interface) {
  int verdict = 0;
  if (group->any.sa_family == AF_INET) {
    struct ip_mreqn request = {.imr_multiaddr = group->v4.sin_addr, .imr_ifindex = (int)interface};
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) return -errno;
    // A zero index leaves the choice to the kernel.
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) != 0) return -errno;
    if ((verdict = set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1)) != 0) return verdict;
    return set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  }
  struct ipv6_mreq request = {.ipv6mr_multiaddr = group->v6.sin6_addr, .ipv6mr_interface = interface};
  if (setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request) != 0) return -errno;
  if (interface && (verdict = set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface)) != 0) return verdict;
  if ((verdict = set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1)) != 0) return verdict;
  return set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
}

// A bound socket, or -errno. Several agents on one board may share a group's port, never a port of their own.
static int bind_socket(const address_t *address, int shared) {
  int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int verdict = 0;
  if (address->any.sa_family == AF_INET6) verdict = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (verdict == 0 && shared) verdict = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (verdict == 0 && bind(fd, &address->any, length_of(address)) != 0) verdict = -errno;
  if (verdict == 0) return fd;
  close(fd);
  return verdict;
}

static board_udp *opened(int fd, int *error) {
  board_udp *udp = calloc(1, sizeof *udp);
  if (!udp) {
    close(fd);
    *error = -ENOMEM;
    return NULL;
  }
  udp->fd = fd;
  *error = 0;
  return udp;
}

static board_udp *failed(int verdict, int *error) {
  *error = verdict;
  return NULL;
}

board_udp *board_udp_open(const char *listen, int *error) {
  address_t address;
  int verdict = parse(listen, &address);
  if (verdict != 0) return failed(verdict, error);
  int fd = bind_socket(&address, 0);
  return fd < 0 ? failed(fd, error) : opened(fd, error);
}

board_udp *board_udp_open_group(const char *group, const char *interface, int *error) {
  address_t address;
  int verdict = parse(group, &address);
  if (verdict == 0 && !is_multicast(&address)) verdict = -EINVAL;
  if (verdict != 0) return failed(verdict, error);
  unsigned index = interface[0] ? if_nametoindex(interface) : 0;
  if (interface[0] && index == 0) return failed(-ENODEV, error);
  if (address.any.sa_family == AF_INET6 && index) address.v6.sin6_scope_id = index;
  // Bound to the group itself, the socket hears nothing but the group.
  int fd = bind_socket(&address, 1);
  if (fd < 0) return failed(fd, error);
  verdict = join(fd, &address, index);
  if (verdict != 0) {
    close(fd);
    return failed(verdict, error);
  }
  board_udp *udp = opened(fd, error);
  if (udp) udp->group = address;
  return udp;
}

void board_udp_close(board_udp *udp) {
  if (!udp) return;
  close(udp->fd);
  free(udp);
}

int board_udp_descriptor(const board_udp *udp) { return udp->fd; }

int board_udp_port(const board_udp *udp) {
  address_t bound;
  socklen_t length = sizeof bound;
  if (getsockname(udp->fd, &bound.any, &length) != 0) return -errno;
  return port_of(&bound);
}

int board_udp_buffers(board_udp *udp, int receive_bytes, int send_bytes) {
  int verdict = set(udp->fd, SOL_SOCKET, SO_RCVBUF, receive_bytes);
  return verdict != 0 ? verdict : set(udp->fd, SOL_SOCKET, SO_SNDBUF, send_bytes);
}

int board_udp_set_peer(board_udp *udp, uint32_t number, const char *text) {
  address_t address;
  address_t bound;
  socklen_t length = sizeof bound;
  if (number >= BOARD_UDP_PEERS) return -EINVAL;
  if (text[0] == 0) {
    memset(&udp->peers[number], 0, sizeof udp->peers[number]);
    return 0;
  }
  int verdict = parse(text, &address);
  if (verdict != 0) return verdict;
  if (port_of(&address) == 0) return -EINVAL;
  if (getsockname(udp->fd, &bound.any, &length) != 0) return -errno;
  if (bound.any.sa_family != address.any.sa_family) return -EAFNOSUPPORT;
  udp->peers[number] = address;
  return 0;
}

static int send_to(board_udp *udp, const address_t *address, const void *bytes, size_t count) {
  if (address->any.sa_family == AF_UNSPEC) return -EDESTADDRREQ;
  ssize_t sent;
  do {
    sent = sendto(udp->fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, &address->any, length_of(address));
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : (int)sent;
}

int board_udp_send(board_udp *udp, uint32_t number, const void *bytes, size_t count) {
  return number < BOARD_UDP_PEERS ? send_to(udp, &udp->peers[number], bytes, count) : -EINVAL;
}

int board_udp_send_group(board_udp *udp, const void *bytes, size_t count) {
  return send_to(udp, &udp->group, bytes, count);
}

int board_udp_receive(board_udp *udp, void *bytes, size_t capacity) {
  ssize_t got;
  do {
    got = recv(udp->fd, bytes, capacity, MSG_DONTWAIT | MSG_TRUNC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  return (size_t)got > capacity ? BOARD_UDP_TOO_LARGE : (int)got;
}

int board_udp_discard(board_udp *udp) {
  int count = 0;
  char nothing;
  while (count < discard_limit) {
    ssize_t got = recv(udp->fd, &nothing, 0, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN ? count : -errno;
    count++;
  }
  return count;
}
