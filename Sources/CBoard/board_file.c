// Files by name within a directory that is open: nothing here follows a symbolic link out of it, nothing is
// readable by others, and what must be on the medium is told apart from what the kernel merely took.
#define _GNU_SOURCE
// Where these would have 32 bits: large cards, and the year 2038.
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include "CBoard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int board_directory_create(const char *path, uint32_t mode) {
  if (mkdir(path, (mode_t)(mode & 0777u)) != 0) return -errno;
  return chmod(path, (mode_t)(mode & 0777u)) == 0 ? 0 : -errno;
}

int board_directory_open(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

// One entry as the kernel writes it (getdents64): opendir would allocate 32 KiB for the same.
struct kernel_entry {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[];
};

int64_t board_directory_list(int directory, const char *prefix, char *names, size_t capacity) {
  _Alignas(struct kernel_entry) char entries[2048];
  size_t used = 0;
  long got = 0;
  int error = 0;
  int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return -errno;
  while (error == 0 && (got = syscall(SYS_getdents64, again, entries, sizeof entries)) > 0) {
    for (long at = 0; at < got && error == 0;) {
      const struct kernel_entry *entry = (const struct kernel_entry *)(entries + at);
      at += entry->size;
      if (strncmp(entry->name, prefix, strlen(prefix)) != 0) continue;
      size_t size = strlen(entry->name) + 1;
      if (size > capacity - used) {
        error = ENOSPC;
      } else {
        memcpy(names + used, entry->name, size);
        used += size;
      }
    }
  }
  if (got < 0) error = errno;
  close(again);
  return error ? -(int64_t)error : (int64_t)used;
}

int64_t board_directory_free_bytes(int directory) {
  struct statvfs about;
  if (fstatvfs(directory, &about) != 0) return -errno;
  return (int64_t)about.f_bavail * (int64_t)about.f_frsize;
}

int board_file_open(int directory, const char *name, uint32_t how) {
  int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  flags |= how & BOARD_FILE_WRITE ? O_RDWR : O_RDONLY;
  if (how & BOARD_FILE_CREATE) flags |= O_CREAT;
  if (how & BOARD_FILE_EXCLUSIVE) flags |= O_EXCL;
  int fd = openat(directory, name, flags, 0600);
  return fd < 0 ? -errno : fd;
}

int64_t board_file_write(int fd, const void *bytes, size_t count, int64_t offset) {
  const char *next = bytes;
  size_t left = count;
  while (left > 0) {
    ssize_t put = pwrite(fd, next, left, (off_t)offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return -errno;
    if (put == 0) return -EIO;
    next += put;
    offset += put;
    left -= (size_t)put;
  }
  return (int64_t)count;
}

int64_t board_file_read(int fd, void *bytes, size_t count, int64_t offset) {
  char *next = bytes;
  size_t left = count;
  while (left > 0) {
    ssize_t got = pread(fd, next, left, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) break;
    next += got;
    offset += got;
    left -= (size_t)got;
  }
  return (int64_t)(count - left);
}

int64_t board_file_size(int fd) {
  struct stat about;
  return fstat(fd, &about) == 0 ? (int64_t)about.st_size : -(int64_t)errno;
}

int board_file_truncate(int fd, int64_t size) { return ftruncate(fd, (off_t)size) == 0 ? 0 : -errno; }

int board_file_rename(int directory, const char *from, const char *to) {
  return renameat(directory, from, directory, to) == 0 ? 0 : -errno;
}

int board_file_remove(int directory, const char *name) {
  return unlinkat(directory, name, 0) == 0 ? 0 : -errno;
}

int board_file_sync(int fd) { return fdatasync(fd) == 0 ? 0 : -errno; }

int board_directory_sync(int directory) { return fsync(directory) == 0 ? 0 : -errno; }

int board_file_lock(int directory, const char *name) {
  int fd = board_file_open(directory, name, BOARD_FILE_WRITE | BOARD_FILE_CREATE);
  if (fd < 0) return fd;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  int verdict = errno == EWOULDBLOCK ? BOARD_FILE_HELD : -errno;
  close(fd);
  return verdict;
}

int board_file_mode(const char *path) {
  struct stat about;
  if (stat(path, &about) != 0) return -errno;
  if (S_ISDIR(about.st_mode)) return -EISDIR;
  if (!S_ISREG(about.st_mode)) return -EINVAL;
  return (int)(about.st_mode & 07777);
}
