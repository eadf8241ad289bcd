// The console over POSIX; see board_console.h for what each call promises.
#define _GNU_SOURCE
#include "board_console.h"

#include "board_socket.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == BOARD_UNIX_PATH + 1, "sun_path");
_Static_assert(BOARD_SOCKET_READABLE == POLLIN && BOARD_SOCKET_WRITABLE == POLLOUT, "poll bits");

int board_connect_unix(const char *path) {
  struct sockaddr_un address;
  size_t length = strlen(path);
  if (length == 0) return -EINVAL;
  if (length > BOARD_UNIX_PATH) return -ENAMETOOLONG;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path, length);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = errno;
  close(fd);
  return -error;
}

int board_wait_ready(int fd, uint32_t interest, int timeout_milliseconds) {
  struct pollfd entry = {.fd = fd, .events = (short)interest};
  int count = poll(&entry, 1, timeout_milliseconds);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  return count == 0 ? 0 : entry.revents;
}

void board_pause(int64_t microseconds) {
  struct timespec time = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
  nanosleep(&time, NULL);
}

int64_t board_console_write(int fd, const void *bytes, size_t count) {
  size_t written = 0;
  while (written < count) {
    ssize_t put = write(fd, (const char *)bytes + written, count - written);
    if (put > 0) {
      written += (size_t)put;
    } else if (put < 0 && errno == EAGAIN) {
      board_wait_ready(fd, BOARD_SOCKET_WRITABLE, -1);
    } else if (put < 0 && errno != EINTR) {
      return -errno;
    }
  }
  return (int64_t)count;
}

int board_is_terminal(int fd) { return isatty(fd); }

int board_terminal_size(int fd, int *columns, int *lines) {
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return -errno;
  *columns = size.ws_col;
  *lines = size.ws_row;
  return 0;
}

const char *board_environment(const char *name) { return getenv(name); }

void board_clock_text(int64_t milliseconds, int universal, char *text, size_t capacity) {
  time_t seconds = milliseconds / 1000;
  struct tm parts;
  char whole[32];
  if (universal) {
    gmtime_r(&seconds, &parts);
  } else {
    localtime_r(&seconds, &parts);
  }
  strftime(whole, sizeof whole, universal ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &parts);
  snprintf(text, capacity, "%s.%03d%s", whole, (int)(milliseconds % 1000), universal ? "Z" : "");
}

// ---- Signals --------------------------------------------------------------------------------------------

static volatile sig_atomic_t interrupted;

static void mark_interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static void handle(int number, void (*handler)(int)) {
  // Without SA_RESTART: a wait that is under way ends.
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void board_interrupts_marked(void) {
  handle(SIGINT, mark_interrupt);
  handle(SIGTERM, mark_interrupt);
}

int board_was_interrupted(void) { return interrupted; }

int board_become(const char *name, const char *first, const char *second, const char *third) {
  char beside[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", beside, sizeof beside - 1);
  if (length > 0) {
    beside[length] = 0;
    char *end = strrchr(beside, '/');
    if (end && (size_t)(end - beside) + strlen(name) + 2 < sizeof beside) {
      strcpy(end + 1, name);
      execl(beside, name, first, second, third, (char *)NULL);
    }
  }
  execlp(name, name, first, second, third, (char *)NULL);
  return -errno;
}

// ---- A screen -------------------------------------------------------------------------------------------

static struct termios before;
static volatile sig_atomic_t screen_is_open;
static volatile sig_atomic_t screen_changed;
static const int deadly[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGABRT,
                             SIGSEGV, SIGBUS,  SIGILL, SIGTRAP, SIGFPE};

static void put(const char *text) {
  ssize_t written = write(STDOUT_FILENO, text, strlen(text));
  (void)written;
}

static void enter(void) {
  struct termios raw = before;
  cfmakeraw(&raw);
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  put("\033[?1049h\033[?25l\033[2J");
}

static void leave(void) {
  put("\033[0m\033[?25h\033[?1049l");
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void die(int number) {
  if (screen_is_open) leave();
  screen_is_open = 0;
  signal(number, SIG_DFL);
  raise(number);
}

static void stop(int number) {
  if (screen_is_open) leave();
  signal(number, SIG_DFL);
  raise(number);
  sigset_t now;
  sigemptyset(&now);
  sigaddset(&now, number);
  sigprocmask(SIG_UNBLOCK, &now, NULL);
  // Here it goes on after SIGCONT.
  handle(number, stop);
  if (screen_is_open) enter();
  screen_changed = 1;
}

static void mark_change(int number) {
  (void)number;
  screen_changed = 1;
}

int board_screen_open(void) {
  if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0) return -ENOTTY;
  for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) handle(deadly[i], die);
  handle(SIGTSTP, stop);
  handle(SIGWINCH, mark_change);
  atexit(board_screen_close);
  screen_is_open = 1;
  enter();
  return 0;
}

void board_screen_close(void) {
  if (screen_is_open) leave();
  screen_is_open = 0;
}

int board_screen_changed(void) {
  int changed = screen_changed;
  screen_changed = 0;
  return changed;
}

int board_screen_key(int timeout_milliseconds) {
  int ready = board_wait_ready(STDIN_FILENO, BOARD_SOCKET_READABLE, timeout_milliseconds);
  if (ready <= 0) return 0;
  unsigned char key;
  ssize_t count = read(STDIN_FILENO, &key, 1);
  if (count == 1) return key;
  return count < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -1;
}
