/*
 * Tells when it began to run.
 * usage: stamp FILE NAME                    appends "NAME MICROSECONDS" to FILE
 *        stamp --loop COUNT GAP_MS FILE     starts itself COUNT times by posix_spawn; appends "before-I …" before each
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void stamp(const char *file, const char *name) {
  struct timespec now;
  char line[200];
  clock_gettime(CLOCK_REALTIME, &now);
  int length = snprintf(line, sizeof line, "%s %lld\n", name, now.tv_sec * 1000000LL + now.tv_nsec / 1000);
  int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0666);
  if (fd < 0 || write(fd, line, length) != length) _exit(1);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc == 3) return stamp(argv[1], argv[2]), 0;
  if (argc != 5 || strcmp(argv[1], "--loop")) return 2;
  for (int i = 0; i < atoi(argv[2]); i++) {
    char before[40], during[40];
    snprintf(before, sizeof before, "before-%d", i);
    snprintf(during, sizeof during, "bare-%d", i);
    char *child[] = {argv[0], argv[4], during, 0};
    pid_t pid;
    stamp(argv[4], before);
    if (posix_spawn(&pid, argv[0], 0, 0, child, environ)) return 1;
    waitpid(pid, 0, 0);
    usleep(atoi(argv[3]) * 1000);
  }
  return 0;
}
