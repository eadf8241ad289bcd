/* Counts what a process allocates and keeps who did: preloaded into nodd by `tools/lab malloc`.
 *
 * SIGUSR1 writes one line of totals, the callers' stacks since the last SIGUSR2, and starts nothing else;
 * SIGUSR2 forgets the stacks. Both go to the file named in NODLAB_MALLOC_REPORT. Nothing here allocates.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH = 12, SKIPPED = 2, STACKS = 1024, BOOTSTRAP_BYTES = 1 << 16 };

struct stack {
  _Atomic uint64_t hash;
  _Atomic uint64_t count, bytes;
  void *frames[DEPTH];
  _Atomic int depth;
};

static struct stack stacks[STACKS];
static _Atomic uint64_t allocations, frees, bytes, untold;
static _Atomic int is_keeping_stacks;
static __thread int is_inside;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static void *(*real_memalign)(size_t, size_t);

/* dlsym itself may ask for memory before there is any. */
static char bootstrap[BOOTSTRAP_BYTES];
static size_t bootstrap_used;

static void *from_bootstrap(size_t size) {
  size_t start = (bootstrap_used + 15) & ~(size_t)15;
  if (start + size > sizeof bootstrap) abort();
  bootstrap_used = start + size;
  return bootstrap + start;
}

static int is_bootstrap(const void *p) {
  return (const char *)p >= bootstrap && (const char *)p < bootstrap + sizeof bootstrap;
}

static void note(size_t size) {
  atomic_fetch_add(&allocations, 1);
  atomic_fetch_add(&bytes, size);
  if (!atomic_load(&is_keeping_stacks) || is_inside) return;
  is_inside = 1;
  void *frames[DEPTH + SKIPPED];
  int depth = backtrace(frames, DEPTH + SKIPPED) - SKIPPED;
  if (depth < 0) depth = 0;
  uint64_t hash = 14695981039346656037u;
  for (int i = 0; i < depth; i++) hash = (hash ^ (uint64_t)(uintptr_t)frames[SKIPPED + i]) * 1099511628211u;
  if (hash == 0) hash = 1;
  for (int probe = 0; probe < STACKS; probe++) {
    struct stack *s = &stacks[(hash + probe) % STACKS];
    uint64_t empty = 0;
    if (atomic_compare_exchange_strong(&s->hash, &empty, hash)) {
      memcpy(s->frames, frames + SKIPPED, sizeof(void *) * depth);
      atomic_store(&s->depth, depth);
      empty = hash;
    }
    if (empty == hash) {
      atomic_fetch_add(&s->count, 1);
      atomic_fetch_add(&s->bytes, size);
      is_inside = 0;
      return;
    }
  }
  atomic_fetch_add(&untold, 1);
  is_inside = 0;
}

typedef unsigned long long count_t;

static void put(int file, const char *format, count_t a, count_t b, count_t c, count_t d) {
  char line[160];
  int count = snprintf(line, sizeof line, format, a, b, c, d);
  if (write(file, line, count) != count) return;
}

static void report(int number) {
  (void)number;
  int before = errno;
  const char *path = getenv("NODLAB_MALLOC_REPORT");
  int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
  if (file < 0) return;
  struct mallinfo2 now = mallinfo2();
  put(file, "totals %llu %llu %llu %llu", allocations, frees, bytes, now.uordblks + now.hblkhd);
  put(file, " %llu\n", untold, 0, 0, 0);
  for (int i = 0; i < STACKS; i++) {
    if (!stacks[i].hash || !stacks[i].count) continue;
    put(file, "stack %llu %llu", stacks[i].count, stacks[i].bytes, 0, 0);
    for (int j = 0; j < stacks[i].depth; j++) {
      Dl_info where;
      void *frame = stacks[i].frames[j];
      /* Addresses as the file has them. */
      if (dladdr(frame, &where) && where.dli_fbase)
        put(file, " %llx", (uintptr_t)frame - (uintptr_t)where.dli_fbase, 0, 0, 0);
      if (dladdr(frame, &where) && where.dli_fname && write(file, "@", 1) == 1 &&
          write(file, where.dli_fname, strlen(where.dli_fname)) < 0)
        break;
    }
    put(file, "\n", 0, 0, 0, 0);
  }
  put(file, "end\n", 0, 0, 0, 0);
  close(file);
  errno = before;
}

static void forget(int number) {
  (void)number;
  atomic_store(&is_keeping_stacks, 0);
  for (int i = 0; i < STACKS; i++) {
    atomic_store(&stacks[i].count, 0);
    atomic_store(&stacks[i].bytes, 0);
  }
  atomic_store(&is_keeping_stacks, 1);
}

__attribute__((constructor)) static void begin(void) {
  void *warm[4];
  is_inside = 1;
  backtrace(warm, 4); /* loads the unwinder now rather than under malloc */
  is_inside = 0;
  struct sigaction action = {.sa_handler = report, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  action.sa_handler = forget;
  sigaction(SIGUSR2, &action, NULL);
}

void *malloc(size_t size) {
  if (!real_malloc) {
    if (is_inside) return from_bootstrap(size);
    is_inside = 1;
    real_malloc = dlsym(RTLD_NEXT, "malloc");
    is_inside = 0;
  }
  note(size);
  return real_malloc(size);
}

void *calloc(size_t count, size_t size) {
  if (!real_calloc) {
    if (is_inside) return from_bootstrap(count * size);
    is_inside = 1;
    real_calloc = dlsym(RTLD_NEXT, "calloc");
    is_inside = 0;
  }
  note(count * size);
  return real_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  if (!real_realloc) real_realloc = dlsym(RTLD_NEXT, "realloc");
  if (is_bootstrap(old)) {
    void *fresh = malloc(size);
    return fresh ? memcpy(fresh, old, size) : fresh;
  }
  note(size);
  return real_realloc(old, size);
}

static void *aligned(size_t alignment, size_t size) {
  if (!real_memalign) real_memalign = dlsym(RTLD_NEXT, "memalign");
  note(size);
  return real_memalign(alignment, size);
}
void *memalign(size_t alignment, size_t size) { return aligned(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return aligned(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
  *result = aligned(alignment, size);
  return *result ? 0 : ENOMEM;
}

void free(void *p) {
  if (!p || is_bootstrap(p)) return;
  if (!real_free) real_free = dlsym(RTLD_NEXT, "free");
  atomic_fetch_add(&frees, 1);
  real_free(p);
}
