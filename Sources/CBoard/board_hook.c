// A program run beside the agent: started without waiting for it, with an environment made for it and nothing
// else of ours, in a process group of its own, so that what it has started ends with it. The kernel says when
// it has ended by SIGCHLD (board_event.c).
#define _GNU_SOURCE
// Where these would have 32 bits: large cards, and the year 2038.
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include "CBoard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { first_closed = 3, last_closed = 1024, not_run = 127, close_on_exec = 1 };

int board_hook_check(const char *path) {
  struct stat about;
  if (path[0] != '/') return BOARD_HOOK_NOT_ABSOLUTE;
  if (stat(path, &about) != 0) return -errno;
  if (!S_ISREG(about.st_mode)) return BOARD_HOOK_NOT_A_FILE;
  if (about.st_mode & S_IWOTH) return BOARD_HOOK_WRITABLE;
  return access(path, X_OK) == 0 ? 0 : BOARD_HOOK_NOT_EXECUTABLE;
}

// What a program reads: the bytes, in memory that the kernel holds, so that nobody waits for a reader; or
// nothing.
static int open_input(const void *bytes, size_t count) {
  int fd = bytes ? (int)syscall(SYS_memfd_create, "nod-hook", close_on_exec)
                 : open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (!bytes) return fd;
  int64_t put = board_file_write(fd, bytes, count, 0);
  if (put >= 0) return fd;
  close(fd);
  return (int)put;
}

static void close_the_rest(void) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first_closed, ~0u, 0) == 0) return;
#endif
  for (int fd = first_closed; fd < last_closed; fd++) close(fd);
}

// In the child: becomes the program, or ends with 127 and a word about why.
static void become(const char *path, char **environment, int input, int output, pid_t parent) {
  char *arguments[] = {(char *)path, NULL};
  sigset_t none;
  // Ignored in the agent, and that is inherited.
  signal(SIGPIPE, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setpgid(0, 0);
  // It must not go on beside the one that a restarted agent runs.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(not_run);
  // Out of the way first: an agent that was started without these has others in their places.
  input = fcntl(input, F_DUPFD, first_closed);
  output = fcntl(output, F_DUPFD, first_closed);
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(not_run);
  close_the_rest();
  if (chdir("/") != 0) _exit(not_run);
  execve(path, arguments, environment);
  const char *why = strerror(errno);
  ssize_t told = write(2, why, strlen(why));
  (void)told;
  _exit(not_run);
}

int board_hook_start(const char *path, char *environment, size_t count, const void *input, size_t input_count,
                     int *output) {
  char *variables[BOARD_HOOK_VARIABLES + 1];
  int pipes[2];
  size_t used = 0;
  for (size_t at = 0; at < count; at += strlen(environment + at) + 1) {
    if (used == BOARD_HOOK_VARIABLES) return -E2BIG;
    variables[used++] = environment + at;
  }
  variables[used] = NULL;
  int verdict = board_hook_check(path);
  if (verdict < 0) return verdict;
  int in = open_input(input, input_count);
  if (in < 0) return in;
  if (pipe2(pipes, O_CLOEXEC) != 0) {
    verdict = -errno;
    close(in);
    return verdict;
  }
  pid_t parent = getpid();
  // Not vfork: that waits until the program's first page has come from the card.
  pid_t pid = fork();
  if (pid == 0) become(path, variables, in, pipes[1], parent);
  verdict = pid < 0 ? -errno : (int)pid;
  close(in);
  close(pipes[1]);
  if (pid < 0) {
    close(pipes[0]);
    return verdict;
  }
  // Whoever of the two comes first: the group is there before anybody signals it.
  setpgid(pid, pid);
  fcntl(pipes[0], F_SETFL, O_NONBLOCK);
  *output = pipes[0];
  return verdict;
}

int board_hook_signal(int process, int kills) {
  return kill(-process, kills ? SIGKILL : SIGTERM) == 0 ? 0 : -errno;
}

int board_hook_ended(int process, int *status) {
  siginfo_t about;
  memset(&about, 0, sizeof about);
  if (waitid(P_PID, (id_t)process, &about, WEXITED | WNOHANG | WNOWAIT) != 0) return -errno;
  if (about.si_pid == 0) return 0;
  // While it is not reaped nobody else can have its number: now is the time for what it has left behind.
  kill(-process, SIGKILL);
  if (waitid(P_PID, (id_t)process, &about, WEXITED) != 0) return -errno;
  *status = about.si_code == CLD_EXITED ? about.si_status : BOARD_HOOK_BY_SIGNAL + about.si_status;
  return 1;
}

int64_t board_hook_output(int output, void *bytes, size_t count) {
  ssize_t got;
  do {
    got = read(output, bytes, count);
  } while (got < 0 && errno == EINTR);
  return got < 0 ? 0 : got;
}
