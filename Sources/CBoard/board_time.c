// Clocks, the alarm and the kernel's random numbers. The boot-time clock is the only one that the agent
// schedules by: it is never set and goes on while the board is suspended.
#define _GNU_SOURCE
// Where these would have 32 bits: large cards, and the year 2038.
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include "CBoard.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t microseconds_of(clockid_t clock) {
  struct timespec now = {0, 0};
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t board_boot_microseconds(void) { return microseconds_of(CLOCK_BOOTTIME); }
int64_t board_awake_microseconds(void) { return microseconds_of(CLOCK_MONOTONIC); }
int64_t board_wall_milliseconds(void) { return microseconds_of(CLOCK_REALTIME) / 1000; }

const char *board_error_text(int error) { return strerror(error < 0 ? -error : error); }

int board_error_is_full(int error) {
  if (error < 0) error = -error;
  return error == ENOSPC || error == EDQUOT;
}

int board_error_is_missing(int error) { return error == ENOENT || error == -ENOENT; }

void board_close(int fd) {
  if (fd >= 0) close(fd);
}

int board_random(void *bytes, size_t count) {
  unsigned char *next = bytes;
  while (count > 0) {
    ssize_t got = getrandom(next, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    next += got;
    count -= (size_t)got;
  }
  return 0;
}

int board_alarm_create(int wakes, int *granted) {
  if (granted) *granted = 0;
  if (wakes) {
    int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd >= 0) {
      if (granted) *granted = 1;
      return fd;
    }
  }
  int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int board_alarm_set(int alarm, int64_t at_microseconds) {
  struct itimerspec when;
  memset(&when, 0, sizeof when);
  // A time of zero would disarm the timer; one microsecond after boot is as past as that.
  if (at_microseconds < 1) at_microseconds = 1;
  // Where time_t has 32 bits, what is further away rings early and is set again.
  const int64_t last = (int64_t)INT32_MAX * 1000000;
  if (sizeof(time_t) == 4 && at_microseconds > last) at_microseconds = last;
  when.it_value.tv_sec = (time_t)(at_microseconds / 1000000);
  when.it_value.tv_nsec = (long)(at_microseconds % 1000000) * 1000;
  return timerfd_settime(alarm, TFD_TIMER_ABSTIME, &when, NULL) == 0 ? 0 : -errno;
}

int board_alarm_disarm(int alarm) {
  struct itimerspec never;
  memset(&never, 0, sizeof never);
  return timerfd_settime(alarm, 0, &never, NULL) == 0 ? 0 : -errno;
}

int board_alarm_clear(int alarm) {
  uint64_t rings = 0;
  ssize_t got;
  do {
    got = read(alarm, &rings, sizeof rings);
  } while (got < 0 && errno == EINTR);
  if (got == (ssize_t)sizeof rings) return 1;
  return errno == EAGAIN ? 0 : -errno;
}
