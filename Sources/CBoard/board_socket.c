// Stream sockets of the local interface over POSIX; see board_socket.h for what each call promises.
#define _GNU_SOURCE
#include "board_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// More than the agent takes at once; the kernel caps it at net.core.somaxconn.
enum { listen_backlog = 511 };

// Given up for a moment to turn a caller away when the process is out of descriptors.
static int spare_descriptor = -1;

_Static_assert(BOARD_SOCKET_WOULD_BLOCK == -EAGAIN, "EAGAIN");
_Static_assert(BOARD_SOCKET_READABLE == EPOLLIN && BOARD_SOCKET_WRITABLE == EPOLLOUT, "epoll bits");
_Static_assert(BOARD_SOCKET_ERROR == EPOLLERR && BOARD_SOCKET_HUNG_UP == EPOLLHUP, "epoll bits");

static int close_and_fail(int fd, int error) {
  close(fd);
  return -error;
}

static int unix_address(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  if (length == 0) return -EINVAL;
  if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length);
  return 0;
}

// Takes away a socket file that nobody listens on. What a living process listens on, and what is no socket,
// stays.
static int remove_stale(const char *path, const struct sockaddr_un *address) {
  struct stat found;
  if (lstat(path, &found) != 0) return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(found.st_mode)) return BOARD_SOCKET_NOT_A_SOCKET;
  int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return -errno;
  int verdict = connect(probe, (const struct sockaddr *)address, sizeof *address);
  int refused = verdict != 0 && errno == ECONNREFUSED;
  close(probe);
  // A full backlog (EAGAIN) and a refused permission are signs of life too.
  if (!refused) return -EADDRINUSE;
  return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

static void keep_a_spare_descriptor(void) {
  if (spare_descriptor < 0) spare_descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int board_listen_unix(const char *path, uint32_t mode) {
  struct sockaddr_un address;
  int verdict = unix_address(path, &address);
  if (verdict < 0) return verdict;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  verdict = remove_stale(path, &address);
  if (verdict < 0) {
    close(fd);
    return verdict;
  }
  // Nobody gets in between bind and chmod: the file is born without any permission.
  mode_t before = umask(0777);
  int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
  int error = errno;
  umask(before);
  if (bound != 0) return close_and_fail(fd, error);
  if (chmod(path, (mode_t)(mode & 0777u)) != 0 || listen(fd, listen_backlog) != 0) {
    error = errno;
    unlink(path);
    return close_and_fail(fd, error);
  }
  keep_a_spare_descriptor();
  return fd;
}

int board_unlink_unix(const char *path, int listener) {
  struct sockaddr_un bound;
  socklen_t length = sizeof bound;
  struct stat found;
  memset(&bound, 0, sizeof bound);
  if (getsockname(listener, (struct sockaddr *)&bound, &length) != 0) return -errno;
  if (strncmp(bound.sun_path, path, sizeof bound.sun_path) != 0) return -EINVAL;
  if (lstat(path, &found) != 0) return -errno;
  if (!S_ISSOCK(found.st_mode)) return BOARD_SOCKET_NOT_A_SOCKET;
  return unlink(path) == 0 ? 0 : -errno;
}

int board_listen_loopback(int family, uint16_t port) {
  int domain = family == 6 ? AF_INET6 : AF_INET;
  int on = 1;
  int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v6.sin6_addr = in6addr_loopback;
  const struct sockaddr *address = family == 6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
  socklen_t length = family == 6 ? sizeof v6 : sizeof v4;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return close_and_fail(fd, errno);
  if (family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
    return close_and_fail(fd, errno);
  }
  if (bind(fd, address, length) != 0 || listen(fd, listen_backlog) != 0) return close_and_fail(fd, errno);
  keep_a_spare_descriptor();
  return fd;
}

int board_socket_port(int listener) {
  struct sockaddr_storage bound;
  socklen_t length = sizeof bound;
  if (getsockname(listener, (struct sockaddr *)&bound, &length) != 0) return -errno;
  if (bound.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&bound)->sin_port);
  if (bound.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&bound)->sin6_port);
  return -EAFNOSUPPORT;
}

// Out of descriptors a pending connection would keep the listener readable for ever: let it in and close it.
static void turn_one_away(int listener) {
  if (spare_descriptor < 0) return;
  close(spare_descriptor);
  spare_descriptor = -1;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  keep_a_spare_descriptor();
}

int board_accept(int listener) {
  int fd;
  do {
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) {
    int error = errno;
    if (error == EMFILE || error == ENFILE) turn_one_away(listener);
    return -error;
  }
  int on = 1;
  // Fails on Unix-domain sockets, where there is nothing to turn off.
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int64_t board_socket_read(int fd, void *bytes, size_t count) {
  ssize_t got;
  do {
    got = recv(fd, bytes, count, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  return got < 0 ? -(int64_t)errno : got;
}

int64_t board_socket_write(int fd, const void *bytes, size_t count) {
  ssize_t taken;
  do {
    taken = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (taken < 0 && errno == EINTR);
  return taken < 0 ? -(int64_t)errno : taken;
}

int board_socket_finish(int fd) { return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno; }

void board_socket_close(int fd) {
  if (fd >= 0) close(fd);
}
