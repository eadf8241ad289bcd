// The one helper thread. It does nothing but wait for the medium: an SD card takes 5 to 500 ms for a sync,
// and a node that waited for it itself would be deaf and mute meanwhile (protocol review B8). No io_uring:
// emulators have none.
#define _GNU_SOURCE
#include "CBoard.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { stack_bytes = 64 * 1024 };

// What is in hand: nothing, a request, a request that the thread works on, or its result.
enum state { idle, requested, working, done };

struct board_sync {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int notice;
  // Below: under the lock.
  enum state state;
  int stopping;
  int fd;
  int names;
  int error;
  int64_t microseconds;
};

static void *work(void *context) {
  board_sync *sync = context;
  pthread_mutex_lock(&sync->lock);
  for (;;) {
    while (sync->state != requested && !sync->stopping) pthread_cond_wait(&sync->changed, &sync->lock);
    // A request that was taken is carried out even when the process is about to end.
    if (sync->state != requested) break;
    sync->state = working;
    int fd = sync->fd;
    int names = sync->names;
    pthread_mutex_unlock(&sync->lock);
    int64_t began = board_awake_microseconds();
    int error = names ? board_directory_sync(fd) : board_file_sync(fd);
    int64_t took = board_awake_microseconds() - began;
    pthread_mutex_lock(&sync->lock);
    sync->error = error;
    sync->microseconds = took;
    sync->state = done;
    (void)board_notice_raise(sync->notice);
  }
  pthread_mutex_unlock(&sync->lock);
  return NULL;
}

static int start_thread(board_sync *sync) {
  pthread_attr_t attributes;
  sigset_t all;
  sigset_t before;
  size_t stack = stack_bytes;
#ifdef PTHREAD_STACK_MIN
  if (stack < (size_t)PTHREAD_STACK_MIN) stack = (size_t)PTHREAD_STACK_MIN;
#endif
  int error = pthread_attr_init(&attributes);
  if (error) return -error;
  error = pthread_attr_setstacksize(&attributes, stack);
  // Signals are the main thread's business.
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (!error) error = pthread_create(&sync->thread, &attributes, work, sync);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return -error;
}

board_sync *board_sync_start(int *error) {
  board_sync *sync = calloc(1, sizeof *sync);
  if (!sync) {
    *error = -ENOMEM;
    return NULL;
  }
  pthread_mutex_init(&sync->lock, NULL);
  pthread_cond_init(&sync->changed, NULL);
  sync->notice = board_notice_create();
  *error = sync->notice < 0 ? sync->notice : start_thread(sync);
  if (*error == 0) return sync;
  board_close(sync->notice);
  free(sync);
  return NULL;
}

int board_sync_descriptor(const board_sync *sync) { return sync->notice; }

int board_sync_request(board_sync *sync, int fd, int names) {
  int verdict = 0;
  pthread_mutex_lock(&sync->lock);
  if (sync->state == idle) {
    sync->fd = fd;
    sync->names = names;
    sync->state = requested;
    pthread_cond_signal(&sync->changed);
  } else {
    verdict = -EBUSY;
  }
  pthread_mutex_unlock(&sync->lock);
  return verdict;
}

int board_sync_result(board_sync *sync, int *error, int64_t *microseconds) {
  int is_done = 0;
  pthread_mutex_lock(&sync->lock);
  if (sync->state == done) {
    *error = sync->error;
    *microseconds = sync->microseconds;
    sync->state = idle;
    is_done = 1;
    (void)board_notice_clear(sync->notice);
  }
  pthread_mutex_unlock(&sync->lock);
  return is_done;
}

void board_sync_stop(board_sync *sync) {
  if (!sync) return;
  pthread_mutex_lock(&sync->lock);
  sync->stopping = 1;
  pthread_cond_signal(&sync->changed);
  pthread_mutex_unlock(&sync->lock);
  pthread_join(sync->thread, NULL);
  board_close(sync->notice);
  pthread_cond_destroy(&sync->changed);
  pthread_mutex_destroy(&sync->lock);
  free(sync);
}
