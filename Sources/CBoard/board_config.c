// Configuration lines, read by the inih library through a reader of our own. The library as distributions
// build it gives no line numbers, tells of one broken line only, and joins a line that is indented to the
// one before it: the reader counts, notices lines of which nothing was heard, and takes the indentation
// away.
#define _GNU_SOURCE
// Where these would have 32 bits: large cards, and the year 2038.
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include "CBoard.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// inih's buffer holds the line, its end of two bytes and a zero.
_Static_assert(BOARD_CONFIG_LINE + 3 == INI_MAX_LINE, "inih's line");

struct reading {
  FILE *file;
  void *context;
  board_config_visit visit;
  int line;
  int awaited;                        // the line given to inih last was to be heard of and was not yet
  char last[BOARD_CONFIG_LINE + 1];   // that line
  char section[BOARD_CONFIG_LINE + 1];
};

static void tell(struct reading *reading, int kind, const char *name, const char *value) {
  reading->visit(reading->context, kind, reading->line, reading->section, name, value);
}

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

// One whole line without its end and outer blanks; -1 at the end of the file, otherwise its length, with
// problems told.
static int next_line(struct reading *reading, char *text) {
  int length = 0;
  int too_long = 0;
  int not_text = 0;
  int c = getc(reading->file);
  if (c == EOF) return -1;
  reading->line++;
  for (; c != EOF && c != '\n'; c = getc(reading->file)) {
    if (c == 0) not_text = 1;
    if (length == 0 && is_blank((char)c)) continue;
    if (length < BOARD_CONFIG_LINE) text[length++] = (char)c;
    else if (!is_blank((char)c)) too_long = 1;
  }
  while (length > 0 && is_blank(text[length - 1])) length--;
  text[length] = 0;
  if (not_text) tell(reading, BOARD_CONFIG_NOT_TEXT, "", "");
  else if (too_long) tell(reading, BOARD_CONFIG_TOO_LONG, "", text);
  else return length;
  text[0] = 0;
  return 0;
}

// "[name]" begins a section; inih itself tells of a section only with its first value.
static void note_section(struct reading *reading, const char *text) {
  const char *end = strchr(text, ']');
  if (!end) {
    tell(reading, BOARD_CONFIG_NOT_UNDERSTOOD, "", text);
    return;
  }
  size_t length = (size_t)(end - text) - 1;
  memcpy(reading->section, text + 1, length);
  reading->section[length] = 0;
  tell(reading, BOARD_CONFIG_SECTION, "", "");
  for (end++; is_blank(*end); end++) {}
  if (*end != 0 && *end != ';' && *end != '#') tell(reading, BOARD_CONFIG_NOT_UNDERSTOOD, "", end);
}

static void settle(struct reading *reading) {
  if (reading->awaited) tell(reading, BOARD_CONFIG_NOT_UNDERSTOOD, "", reading->last);
  reading->awaited = 0;
}

// Called by inih for each line, and by that the sign that it is done with the one before.
static char *read_line(char *buffer, int size, void *stream) {
  struct reading *reading = stream;
  char text[BOARD_CONFIG_LINE + 1];
  settle(reading);
  if (reading->line >= BOARD_CONFIG_LINES) {
    tell(reading, BOARD_CONFIG_TOO_MANY, "", "");
    return NULL;
  }
  int length = next_line(reading, text);
  if (length < 0 || length + 2 > size) return NULL;
  // inih would take a byte order mark away; it is no part of the first name here either.
  const char *start = reading->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
  if (start[0] == '[') note_section(reading, start);
  reading->awaited = start[0] != 0 && start[0] != '[' && start[0] != ';' && start[0] != '#';
  strcpy(reading->last, start);
  strcpy(buffer, start);
  strcat(buffer, "\n");
  return buffer;
}

static int heard(void *user, const char *section, const char *name, const char *value) {
  struct reading *reading = user;
  (void)section;
  if (!reading->awaited || !value) return 1;
  reading->awaited = 0;
  tell(reading, BOARD_CONFIG_VALUE, name, value);
  return 1;
}

int board_config_parse(const char *path, void *context, board_config_visit visit) {
  struct stat about;
  // A named pipe must not be waited for.
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  int error = 0;
  if (fstat(fd, &about) != 0) error = errno;
  else if (S_ISDIR(about.st_mode)) error = EISDIR;
  else if (!S_ISREG(about.st_mode)) error = EINVAL;
  FILE *file = error ? NULL : fdopen(fd, "r");
  if (!file) {
    if (!error) error = errno;
    close(fd);
    return -error;
  }
  struct reading reading = {.file = file, .context = context, .visit = visit};
  (void)ini_parse_stream(read_line, &reading, heard, &reading);
  settle(&reading);
  if (ferror(file)) error = EIO;
  fclose(file);
  return -error;
}
