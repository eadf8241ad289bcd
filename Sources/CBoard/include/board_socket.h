// Stream sockets of the local interface: a Unix-domain listener with a mode, a loopback TCP listener, and the
// non-blocking calls on what they accept. Descriptors are >= 0, errors are -errno. Freestanding: the ARM
// builds parse this header without a libc.
#ifndef BOARD_SOCKET_H
#define BOARD_SOCKET_H

#include <stddef.h>
#include <stdint.h>

// Returned by board_socket_read/write when the call would block.
#define BOARD_SOCKET_WOULD_BLOCK (-11)
// Returned by board_listen_unix when something that is no socket lies at the path: it is left alone.
#define BOARD_SOCKET_NOT_A_SOCKET (-20017)

// Readiness, as given to and returned by epoll.
#define BOARD_SOCKET_READABLE 0x001u
#define BOARD_SOCKET_WRITABLE 0x004u
#define BOARD_SOCKET_ERROR 0x008u
#define BOARD_SOCKET_HUNG_UP 0x010u

// Listens on a Unix-domain stream socket. `mode` is in force from the first moment on. A socket file that
// nobody listens on any more is replaced; one with a living listener gives -EADDRINUSE.
int board_listen_unix(const char *path, uint32_t mode);
// Removes the file at `path` if it is the socket that `listener` is bound to.
int board_unlink_unix(const char *path, int listener);
// Listens on 127.0.0.1 (family 4) or ::1 (family 6); port 0 lets the kernel choose.
int board_listen_loopback(int family, uint16_t port);
// The port that a TCP listener got.
int board_socket_port(int listener);

// Accepts one connection, non-blocking and closed on exec; BOARD_SOCKET_WOULD_BLOCK when there is none. When
// the process is out of descriptors the caller's connection is accepted and closed, so that it does not spin.
int board_accept(int listener);
// Bytes read, 0 at the end of the stream, or an error. Interrupted calls are repeated.
int64_t board_socket_read(int fd, void *bytes, size_t count);
// Bytes taken by the kernel, or an error; never raises SIGPIPE.
int64_t board_socket_write(int fd, const void *bytes, size_t count);
// Says that no more will be written; reading goes on.
int board_socket_finish(int fd);
void board_socket_close(int fd);

#endif
