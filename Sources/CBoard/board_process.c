// The process: what it tells the service manager (sd_notify by hand: one datagram, no library), what it
// costs (/proc), and its one-line log.
#define _GNU_SOURCE
// Where these would have 32 bits: large cards, and the year 2038.
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include "CBoard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { proc_bytes = 4096 };

int board_notify(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address;
  if (!path || !path[0]) return 0;
  size_t length = strlen(path);
  // A path, or a name in the abstract namespace, written with @ for its leading zero.
  if ((path[0] != '/' && path[0] != '@') || length >= sizeof address.sun_path) return -EINVAL;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t sent;
  do {
    sent = sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  } while (sent < 0 && errno == EINTR);
  int error = errno;
  close(fd);
  return sent < 0 ? -error : 1;
}

int board_notify_status(const void *name, size_t count, const char *text) {
  char state[sizeof "STATUS=" + 64 + 64] = "STATUS=";
  size_t used = strlen(state);
  size_t length = strlen(text);
  if (count > 64 || length > 64) return -EINVAL;
  if (count > 0) memcpy(state + used, name, count);
  memcpy(state + used + count, text, length + 1);
  return board_notify(state);
}

int64_t board_watchdog_microseconds(void) {
  const char *text = getenv("WATCHDOG_USEC");
  const char *process = getenv("WATCHDOG_PID");
  if (!text) return 0;
  // Meant for another process of the same service.
  if (process && strtoll(process, NULL, 10) != (long long)getpid()) return 0;
  char *end = NULL;
  long long value = strtoll(text, &end, 10);
  return end != text && *end == 0 && value > 0 ? (int64_t)value : 0;
}

int64_t board_process_id(void) { return getpid(); }

// The number after `field` in a file of /proc, or -errno.
static int64_t proc_number(const char *path, const char *field) {
  char text[proc_bytes];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t got = read(fd, text, sizeof text - 1);
  int error = errno;
  close(fd);
  if (got < 0) return -error;
  text[got] = 0;
  // A field stands at the start of a line: "voluntary_ctxt_switches" is also the end of another one.
  for (const char *line = text; line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, field, strlen(field)) == 0) return strtoll(line + strlen(field), NULL, 10);
    if (*line == 0) break;
  }
  return -ENODATA;
}

int64_t board_process_resident_kibibytes(void) { return proc_number("/proc/self/status", "VmRSS:"); }

int64_t board_process_written_bytes(void) { return proc_number("/proc/self/io", "write_bytes:"); }

int64_t board_process_wakeups(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nvcsw : -errno;
}

int64_t board_process_cpu_microseconds(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) return -errno;
  return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

// Whether standard error goes to the journal: JOURNAL_STREAM names the device and inode that it was given.
static int journal_listens(void) {
  const char *stream = getenv("JOURNAL_STREAM");
  struct stat about;
  if (!stream || fstat(STDERR_FILENO, &about) != 0) return 0;
  char *colon = NULL;
  unsigned long long device = strtoull(stream, &colon, 10);
  if (*colon != ':') return 0;
  unsigned long long inode = strtoull(colon + 1, NULL, 10);
  return device == (unsigned long long)about.st_dev && inode == (unsigned long long)about.st_ino;
}

static const char *level_prefix(int level) {
  switch (level) {
    case BOARD_LOG_ERROR: return "nodd: error: ";
    case BOARD_LOG_WARN: return "nodd: warn: ";
    case BOARD_LOG_INFO: return "nodd: info: ";
    default: return "nodd: debug: ";
  }
}

void board_log(int level, const char *text, size_t count) {
  char line[BOARD_LOG_LINE];
  size_t used = 0;
  if (journal_listens()) {
    // The journal knows whose line it is.
    line[used++] = '<';
    line[used++] = (char)('0' + (level & 7));
    line[used++] = '>';
  } else {
    const char *prefix = level_prefix(level);
    used = strlen(prefix);
    memcpy(line, prefix, used);
  }
  for (size_t i = 0; i < count && used < sizeof line - 1; i++) {
    // One line stays one line, whatever a peer put into a name.
    unsigned char c = (unsigned char)text[i];
    line[used++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
  }
  line[used++] = '\n';
  // A reader that takes nothing must not stop the agent: what cannot be written now is lost.
  struct pollfd listener = {.fd = STDERR_FILENO, .events = POLLOUT};
  if (poll(&listener, 1, 0) != 1 || !(listener.revents & POLLOUT)) return;
  ssize_t put = write(STDERR_FILENO, line, used);
  (void)put;
}
