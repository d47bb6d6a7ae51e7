/*
 * What the operating system charges for a process: posix_spawn and wait, nothing else.
 * usage: spawn-loop COUNT PARALLELISM PROGRAM [ARGUMENT...]     prints starts per second
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

int main(int argc, char **argv) {
  int count = argc > 3 ? atoi(argv[1]) : 0, parallel = argc > 3 ? atoi(argv[2]) : 0;
  int started = 0, ended = 0, status;
  struct timespec begin, end;
  if (count < 1 || parallel < 1) return 2;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  while (ended < count) {
    while (started < count && started - ended < parallel) {
      pid_t pid;
      if (posix_spawn(&pid, argv[3], 0, 0, argv + 3, environ)) return 1;
      started++;
    }
    if (wait(&status) < 0 || status != 0) return 1;
    ended++;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.1f\n", count / ((end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9));
  return 0;
}
