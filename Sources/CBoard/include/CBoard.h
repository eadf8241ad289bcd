// What a board's operating system gives, as functions of our own: time, readiness, datagrams, files, one
// thread that syncs, the service manager, configuration lines. Embedded Swift cannot import POSIX, and the
// ARM builds parse this header without a libc: nothing but <stdint.h> and <stddef.h> is included, and every
// struct of the system stays in C.
//
// Throughout: descriptors and counts are >= 0, failures are -errno (board_error_text says them in words),
// interrupted calls are repeated, nothing is inherited by programs that are run, times are microseconds of
// the boot-time clock.
#ifndef CBOARD_H
#define CBOARD_H

#include <stddef.h>
#include <stdint.h>

#include "board_console.h"
#include "board_socket.h"

// ---- Errors and bytes at random -------------------------------------------------------------------------

// An error in the system's words; takes errno or -errno. Valid until the next call.
const char *board_error_text(int error);
// What an error is about: no space left (full disk, quota), or no such file.
int board_error_is_full(int error);
int board_error_is_missing(int error);
// Fills from the kernel's generator; waits until that is seeded.
int board_random(void *bytes, size_t count);
void board_close(int fd);

// ---- Time (board_time.c) --------------------------------------------------------------------------------

// CLOCK_BOOTTIME in microseconds: goes on while the board is suspended, is never set.
int64_t board_boot_microseconds(void);
// CLOCK_REALTIME in milliseconds: may jump.
int64_t board_wall_milliseconds(void);
// CLOCK_MONOTONIC in microseconds: stands still while suspended; the difference to boot time tells how long.
int64_t board_awake_microseconds(void);

// A timer on the boot-time clock. With `wakes` it also wakes a suspended board when the process is
// permitted to (CAP_WAKE_ALARM); `granted` is set to 1 if it does, otherwise it is an ordinary timer.
int board_alarm_create(int wakes, int *granted);
// Rings at an absolute time; a time in the past rings at once. Replaces what was set before.
int board_alarm_set(int alarm, int64_t at_microseconds);
int board_alarm_disarm(int alarm);
// Takes note of a ring, so that the descriptor is no longer readable; 1 if it had rung, 0 if not.
int board_alarm_clear(int alarm);

// ---- Readiness (board_event.c) --------------------------------------------------------------------------

#define BOARD_READABLE BOARD_SOCKET_READABLE
#define BOARD_WRITABLE BOARD_SOCKET_WRITABLE
#define BOARD_ERROR BOARD_SOCKET_ERROR
#define BOARD_HUNG_UP BOARD_SOCKET_HUNG_UP
// Events that one board_poll_wait returns at most, whatever the capacity.
#define BOARD_POLL_LIMIT 64

int board_poll_create(void);
int board_poll_add(int poll, int fd, uint32_t interest, uint64_t token);
int board_poll_change(int poll, int fd, uint32_t interest, uint64_t token);
int board_poll_remove(int poll, int fd);
// Waits for readiness and writes token and readiness of each event; how many, or -errno.
// A time-out of -1 waits for ever. An interruption by a signal counts as nothing ready.
int board_poll_wait(int poll, uint64_t *tokens, uint32_t *readiness, int capacity, int timeout_milliseconds);

// A counter that one thread raises and another waits for.
int board_notice_create(void);
int board_notice_raise(int notice);
// 1 if it had been raised since the last call, 0 if not.
int board_notice_clear(int notice);

// What a person or the service manager asks of the process.
#define BOARD_SIGNAL_STOP 1
#define BOARD_SIGNAL_RELOAD 2
#define BOARD_SIGNAL_CHILD 3
// Turns SIGTERM, SIGINT, SIGHUP and SIGCHLD into readiness of a descriptor, and ignores SIGPIPE. Call before
// any thread is started: threads inherit the mask.
int board_signals_create(void);
// BOARD_SIGNAL_STOP (SIGTERM, SIGINT), BOARD_SIGNAL_RELOAD (SIGHUP), BOARD_SIGNAL_CHILD (a program has ended,
// perhaps several), or 0 when none is pending.
int board_signals_next(int signals);

// ---- Datagrams (board_udp.c) ----------------------------------------------------------------------------

// A socket with a table of peers by number. Addresses are numeric: "10.0.0.7:7100", "[fd00::7]:7100",
// "[fe80::1%wlan0]:7100", or "localhost:7100".
typedef struct board_udp board_udp;
// Peers are numbered 0 ..< BOARD_UDP_PEERS.
#define BOARD_UDP_PEERS 32
// Returned by board_udp_receive for a datagram larger than the buffer: it is dropped.
#define BOARD_UDP_TOO_LARGE (-20018)

// 0 if the address can be understood, -EINVAL if not.
int board_address_check(const char *address);
// The same, and it must be a multicast address.
int board_address_check_multicast(const char *address);

// Binds a socket of the address's family; port 0 lets the kernel choose. NULL and -errno in `error` on
// failure.
board_udp *board_udp_open(const char *listen, int *error);
// Binds a socket to a multicast group's port and joins the group on an interface ("" lets the kernel choose).
// Time to live 1. What is sent to the group also reaches the members on this board, the sender included.
board_udp *board_udp_open_group(const char *group, const char *interface, int *error);
void board_udp_close(board_udp *udp);
int board_udp_descriptor(const board_udp *udp);
// The port that the socket is bound to.
int board_udp_port(const board_udp *udp);
// Asks the kernel for buffers of so many bytes.
int board_udp_buffers(board_udp *udp, int receive_bytes, int send_bytes);
// Gives peer `number` an address of the socket's family; an empty address forgets it.
int board_udp_set_peer(board_udp *udp, uint32_t number, const char *address);
// Sends to one peer; never waits. -EAGAIN when the kernel's buffer is full.
int board_udp_send(board_udp *udp, uint32_t number, const void *bytes, size_t count);
// Sends to the group of board_udp_open_group; never waits.
int board_udp_send_group(board_udp *udp, const void *bytes, size_t count);
// One datagram's bytes, or -EAGAIN when none is there, or BOARD_UDP_TOO_LARGE.
int board_udp_receive(board_udp *udp, void *bytes, size_t capacity);
// Throws away what has arrived up to now and returns how many datagrams that was. Bounded: what arrives
// meanwhile cannot keep it going for ever.
int board_udp_discard(board_udp *udp);

// ---- Files (board_file.c) -------------------------------------------------------------------------------

#define BOARD_FILE_WRITE 1u      // to be written as well as read
#define BOARD_FILE_CREATE 2u     // created when missing, with mode 0600
#define BOARD_FILE_EXCLUSIVE 4u  // with CREATE: it must not exist

// Creates a directory with permission bits `mode`, whatever the umask; -EEXIST if there is something.
int board_directory_create(const char *path, uint32_t mode);
int board_directory_open(const char *path);
// Names that begin with `prefix`, each ended by a zero byte, into `names`. Returns the bytes used, or
// -ENOSPC.
int64_t board_directory_list(int directory, const char *prefix, char *names, size_t capacity);
// Bytes that an unprivileged process may still write to the file system.
int64_t board_directory_free_bytes(int directory);

// A descriptor of the file `name` in `directory`; a symbolic link there is refused.
int board_file_open(int directory, const char *name, uint32_t how);
// Writes all `count` bytes at `offset`: `count`, or -errno.
int64_t board_file_write(int fd, const void *bytes, size_t count, int64_t offset);
// Reads until `count` bytes or the end of the file: bytes read, or -errno.
int64_t board_file_read(int fd, void *bytes, size_t count, int64_t offset);
int64_t board_file_size(int fd);
int board_file_truncate(int fd, int64_t size);
int board_file_rename(int directory, const char *from, const char *to);
int board_file_remove(int directory, const char *name);
// Waits until the file's data, and what is needed to find it, is on the medium.
int board_file_sync(int fd);
// The same for names: what was created, renamed and removed in the directory.
int board_directory_sync(int directory);
// Returned by board_file_lock when another process holds the lock.
#define BOARD_FILE_HELD (-20019)
// Takes the lock file `name` until its descriptor is closed or the process ends: the descriptor, or an error.
int board_file_lock(int directory, const char *name);
// Permission bits of a regular file; -errno otherwise.
int board_file_mode(const char *path);

// ---- The thread that syncs (board_sync.c) ---------------------------------------------------------------

// A thread that does nothing but wait for the medium, so that a slow card never deafens the rest.
typedef struct board_sync board_sync;

// NULL and -errno in `error` on failure.
board_sync *board_sync_start(int *error);
// Readable when a result is waiting.
int board_sync_descriptor(const board_sync *sync);
// Hands one descriptor over; `names` != 0 for a directory. -EBUSY while one is under way.
int board_sync_request(board_sync *sync, int fd, int names);
// 1 and the result (`error`: 0 or -errno; how long it took) when the request is done, 0 when it is not.
int board_sync_result(board_sync *sync, int *error, int64_t *microseconds);
// Waits for a request under way, then ends the thread.
void board_sync_stop(board_sync *sync);

// ---- The process and its service manager (board_process.c) ----------------------------------------------

// Tells the service manager (sd_notify: "READY=1", "WATCHDOG=1", ...). 1 when told, 0 when there is nobody
// to tell.
int board_notify(const char *state);
// The same for "STATUS=" with `count` bytes of a name, at most 64, and a text behind it, at most 64.
int board_notify_status(const void *name, size_t count, const char *text);
// How often the service manager wants to hear "WATCHDOG=1"; 0 when it does not care.
int64_t board_watchdog_microseconds(void);

int64_t board_process_id(void);
// Memory that the process holds, in KiB (VmRSS).
int64_t board_process_resident_kibibytes(void);
// How often the process went to sleep of itself: wake-ups (voluntary context switches), all threads.
int64_t board_process_wakeups(void);
// Bytes that the process caused to be written to media; -errno where the kernel does not count.
int64_t board_process_written_bytes(void);
// Processor time of the process, user and system, in microseconds.
int64_t board_process_cpu_microseconds(void);

// ---- Programs run beside the agent (board_hook.c) -------------------------------------------------------

#define BOARD_HOOK_NOT_ABSOLUTE (-20020)
#define BOARD_HOOK_NOT_A_FILE (-20021)
#define BOARD_HOOK_WRITABLE (-20022)        // by everybody
#define BOARD_HOOK_NOT_EXECUTABLE (-20023)  // by us
// Environment variables of a program at most.
#define BOARD_HOOK_VARIABLES 24
// Added to the number of the signal that ended a program, as shells do.
#define BOARD_HOOK_BY_SIGNAL 128

// Whether the program may be run: 0, -errno, or one of the above.
int board_hook_check(const char *path);
// Starts a program and does not wait for it: its process id, or as board_hook_check. It is checked again, and
// runs in a process group of its own, in /, with no descriptors but three.
//   environment: NAME=value, each ended by a zero byte, `count` bytes in all; nothing else is inherited.
//   input: what it reads from standard input; NULL for nothing.
//   output: where its standard output and error can be read; to be closed by the caller.
int board_hook_start(const char *path, char *environment, size_t count, const void *input, size_t input_count,
                     int *output);
// Asks its whole group to end (SIGTERM), or ends it (SIGKILL).
int board_hook_signal(int process, int kills);
// 1 when it has ended, and its exit status; the rest of its group is killed then. 0 while it runs.
int board_hook_ended(int process, int *status);
// What it wrote, as far as it is there; 0 when nothing is.
int64_t board_hook_output(int output, void *bytes, size_t count);

// ---- The log (board_process.c) --------------------------------------------------------------------------

#define BOARD_LOG_ERROR 3
#define BOARD_LOG_WARN 4
#define BOARD_LOG_INFO 6
#define BOARD_LOG_DEBUG 7
// Bytes of a log line at most; what is longer is cut.
#define BOARD_LOG_LINE 512
// Writes one line to standard error: with the journal's priority prefix when that is what listens there,
// otherwise with the program's name and the level as a word.
void board_log(int level, const char *text, size_t count);

// ---- Configuration lines (board_config.c, over the inih library) ----------------------------------------

#define BOARD_CONFIG_VALUE 0          // name = value, in section
#define BOARD_CONFIG_SECTION 1        // [section] begins
#define BOARD_CONFIG_NOT_UNDERSTOOD 2 // neither [section], name = value nor a comment; `value` is the line
#define BOARD_CONFIG_TOO_LONG 3       // longer than BOARD_CONFIG_LINE bytes
#define BOARD_CONFIG_NOT_TEXT 4       // a zero byte
#define BOARD_CONFIG_TOO_MANY 5       // more than BOARD_CONFIG_LINES lines; the rest is not read

// Bytes of one line, without its end, and lines of one file.
#define BOARD_CONFIG_LINE 197
#define BOARD_CONFIG_LINES 4096

typedef void (*board_config_visit)(void *context, int kind, int line, const char *section, const char *name,
                                   const char *value);
// Reads an INI file and calls `visit` for everything in it, in order. 0, or -errno when it cannot be read.
int board_config_parse(const char *path, void *context, board_config_visit visit);

#endif
