// Readiness of descriptors (epoll), a notice between threads (eventfd) and signals as readiness (signalfd).
#define _GNU_SOURCE
#include "CBoard.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

_Static_assert(BOARD_READABLE == EPOLLIN && BOARD_WRITABLE == EPOLLOUT, "epoll bits");
_Static_assert(BOARD_ERROR == EPOLLERR && BOARD_HUNG_UP == EPOLLHUP, "epoll bits");

static int control(int poll, int operation, int fd, uint32_t interest, uint64_t token) {
  struct epoll_event event = {.events = interest, .data.u64 = token};
  return epoll_ctl(poll, operation, fd, &event) == 0 ? 0 : -errno;
}

int board_poll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int board_poll_add(int poll, int fd, uint32_t interest, uint64_t token) {
  return control(poll, EPOLL_CTL_ADD, fd, interest, token);
}

int board_poll_change(int poll, int fd, uint32_t interest, uint64_t token) {
  return control(poll, EPOLL_CTL_MOD, fd, interest, token);
}

int board_poll_remove(int poll, int fd) { return control(poll, EPOLL_CTL_DEL, fd, 0, 0); }

int board_poll_wait(int poll, uint64_t *tokens, uint32_t *readiness, int capacity, int timeout_milliseconds) {
  struct epoll_event events[BOARD_POLL_LIMIT];
  if (capacity < 1) return -EINVAL;
  if (capacity > BOARD_POLL_LIMIT) capacity = BOARD_POLL_LIMIT;
  int count = epoll_wait(poll, events, capacity, timeout_milliseconds);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    tokens[i] = events[i].data.u64;
    readiness[i] = events[i].events;
  }
  return count;
}

int board_notice_create(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int board_notice_raise(int notice) {
  uint64_t one = 1;
  ssize_t put;
  do {
    put = write(notice, &one, sizeof one);
  } while (put < 0 && errno == EINTR);
  // A full counter (EAGAIN) is raised already.
  return put == (ssize_t)sizeof one || errno == EAGAIN ? 0 : -errno;
}

int board_notice_clear(int notice) {
  uint64_t raised = 0;
  ssize_t got;
  do {
    got = read(notice, &raised, sizeof raised);
  } while (got < 0 && errno == EINTR);
  if (got == (ssize_t)sizeof raised) return 1;
  return errno == EAGAIN ? 0 : -errno;
}

int board_signals_create(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGHUP);
  sigaddset(&wanted, SIGCHLD);
  // A client that hangs up must not end the agent.
  if (sigaction(SIGPIPE, &ignore, NULL) != 0) return -errno;
  if (sigprocmask(SIG_BLOCK, &wanted, NULL) != 0) return -errno;
  int fd = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int board_signals_next(int signals) {
  struct signalfd_siginfo info;
  ssize_t got;
  do {
    got = read(signals, &info, sizeof info);
  } while (got < 0 && errno == EINTR);
  if (got == (ssize_t)sizeof info) {
    if (info.ssi_signo == SIGCHLD) return BOARD_SIGNAL_CHILD;
    return info.ssi_signo == SIGHUP ? BOARD_SIGNAL_RELOAD : BOARD_SIGNAL_STOP;
  }
  return errno == EAGAIN ? 0 : -errno;
}
