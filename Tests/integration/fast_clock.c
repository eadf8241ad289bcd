// A board whose oscillator runs fast, for tests: preloaded into an agent, it makes the boot-time clock gain FAST_PPM
// parts in a million, and lets timers on that clock ring when the fast clock says so.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_settime)(int, int, const struct itimerspec *, struct itimerspec *);
static int64_t begin, ppm;

static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * 1000000000 + time->tv_nsec; }

static struct timespec spec(int64_t time) {
  return (struct timespec){.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};
}

__attribute__((constructor)) static void prepare(void) {
  real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  real_settime = dlsym(RTLD_NEXT, "timerfd_settime");
  const char *wanted = getenv("FAST_PPM");
  ppm = wanted ? strtoll(wanted, NULL, 10) : 0;
  struct timespec now;
  real_gettime(CLOCK_BOOTTIME, &now);
  begin = nanoseconds(&now);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int verdict = real_gettime(clock, time);
  if (verdict != 0 || clock != CLOCK_BOOTTIME) return verdict;
  int64_t passed = nanoseconds(time) - begin;
  *time = spec(begin + passed + passed / 1000 * ppm / 1000);
  return 0;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *before) {
  if (!(flags & TFD_TIMER_ABSTIME) || nanoseconds(&wanted->it_value) <= begin) {
    return real_settime(fd, flags, wanted, before);
  }
  int64_t passed = nanoseconds(&wanted->it_value) - begin;
  struct itimerspec slowed = {.it_value = spec(begin + (int64_t)((double)passed * 1e6 / (double)(1000000 + ppm)))};
  return real_settime(fd, flags, &slowed, before);
}
