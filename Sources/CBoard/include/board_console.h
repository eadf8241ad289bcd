// What the console needs of its operating system: the node's Unix socket from outside, standard output, and
// a person's terminal. Failures are -errno. Freestanding: the ARM builds parse this header without a libc.
#ifndef BOARD_CONSOLE_H
#define BOARD_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

// The longest path that fits into a Unix socket's address, its closing zero not counted.
#define BOARD_UNIX_PATH 107

// A connected, non-blocking stream socket, closed on exec.
int board_connect_unix(const char *path);
// Waits for readiness (BOARD_SOCKET_READABLE, BOARD_SOCKET_WRITABLE): what is ready, or 0 when the time is
// over or a signal came.
int board_wait_ready(int fd, uint32_t interest, int timeout_milliseconds);
void board_pause(int64_t microseconds);

// Writes all of it: `count`, or -errno.
int64_t board_console_write(int fd, const void *bytes, size_t count);
int board_is_terminal(int fd);
// Columns and lines of a terminal; 0, or -errno when it is none.
int board_terminal_size(int fd, int *columns, int *lines);
// A variable of the environment; NULL when it is not set.
const char *board_environment(const char *name);

// Wall time as text: "21:04:05.123" in local time, or "2026-11-25T20:04:05.123Z".
void board_clock_text(int64_t milliseconds, int universal, char *text, size_t capacity);

// From here on SIGINT and SIGTERM only set a mark: waits end, and the loop that asks for it ends cleanly.
void board_interrupts_marked(void);
int board_was_interrupted(void);

// Becomes the program `name` that lies beside this one or is in PATH. Returns only when there is none.
int board_become(const char *name, const char *first, const char *second, const char *third);

// A screen of its own on the terminal: alternate buffer, no cursor, keys one by one and unseen. Whatever ends
// the process (return, exit, a signal, a trap) gives the terminal back as it was.
int board_screen_open(void);
void board_screen_close(void);
// 1 once after each change of the terminal's size, or return from being stopped.
int board_screen_changed(void);
// A key within the time; 0 when none came, -1 when the terminal is gone.
int board_screen_key(int timeout_milliseconds);

#endif
