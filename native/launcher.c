/*
 * launcher: starts one program exactly as asked and tells exactly how it ended.
 *
 *   launcher [options] -- PROGRAM [ARGUMENT...]
 *     --control FD        packet socket to the cell (see below)
 *     --cgroup FD         a cgroup.procs file to join first; may be repeated
 *     --env FD            read the program's environment from FD: KEY=VALUE, each ended by NUL
 *     --rlimit N:S:H      setrlimit(N, soft S, hard H); may be repeated
 *     --user UID:GID      become this user, with no groups but those of --group
 *     --group GID         supplementary group; may be repeated
 *     --chdir DIRECTORY   where the program starts
 *     --enter PID         join the namespaces of PID before all else but the cgroups
 *     --await FD          first wait until FD can be read or is closed at its other end
 *     --join PID          join the network of PID; without --control PROGRAM then takes the launcher's own place
 *     --network UID:GID   become this user, hold a new network and stay when the program has ended; the program itself is
 *                         outside, and finds that network where it is told "@net" and "@user". Its end is the socket's
 *     --lend FD           a descriptor for the program alone
 *     --drop              the program keeps no capability, whoever it is
 *
 * As process 1 of a PID namespace it is its init: it reaps all, and its end is everyone's end.
 *
 * To the cell, packets of 32 bytes, little-endian: kind (u8), stage (u8), u16 0, i32 a, i64 b, i64 c, i64 0.
 *   'S'  the program runs; a = its pid, as the launcher sees it
 *   'F'  it could not be started; stage says where, a = errno
 *   'X'  it ended; a = raw wait status, b = CPU time in µs, c = largest resident size in kB
 * From the cell: one byte, a signal for the program's process group; 9 also ends the launcher's namespace.
 * The socket's end means that the cell died: all is killed.
 *
 * No libc: system calls only, so that the file is small, static and the same bytes from the same compiler.
 */

#include "system.h"

enum { STAGE_USAGE = 1, STAGE_CGROUP, STAGE_ENTER, STAGE_FORK, STAGE_RLIMIT, STAGE_USER, STAGE_CHDIR, STAGE_EXEC, STAGE_NETWORK };
enum { MAX_CGROUPS = 8, MAX_RLIMITS = 20, MAX_GROUPS = 64 };

struct options {
  i32 control, env, enter, await, join, network, lend, drop, cgroups, rlimits, groups, has_user;
  i32 cgroup[MAX_CGROUPS];
  struct { i32 which; ulong limit[2]; } rlimit[MAX_RLIMITS];
  unsigned uid, gid, group[MAX_GROUPS], holder_uid, holder_gid;
  const char *chdir;
  char **argv, **envp;
};

struct packet { u8 kind, stage, pad[2]; i32 a; i64 b, c, d; };

static void say(const struct options *o, u8 kind, u8 stage, i32 a, i64 b, i64 c) {
  struct packet p = { kind, stage, { 0, 0 }, a, b, c, 0 };
  if (o->control >= 0) sys3(NR_write, o->control, &p, sizeof p);
}

static void fail(const struct options *o, u8 stage, i64 error) { say(o, 'F', stage, (i32)-error, 0, 0); quit(126); }

static void parse(struct options *o, char **argv) {
  for (argv++; *argv && !same(*argv, "--"); argv += 2) {
    if (same(*argv, "--drop")) { o->drop = 1; argv--; continue; }
    const char *v = argv[1];
    if (!v) fail(o, STAGE_USAGE, -EINVAL);
    if (same(*argv, "--control")) o->control = (i32)number(&v);
    else if (same(*argv, "--env")) o->env = (i32)number(&v);
    else if (same(*argv, "--enter")) o->enter = (i32)number(&v);
    else if (same(*argv, "--await")) o->await = (i32)number(&v);
    else if (same(*argv, "--join")) o->join = (i32)number(&v);
    else if (same(*argv, "--lend")) o->lend = (i32)number(&v);
    else if (same(*argv, "--network")) { o->network = 1; o->holder_uid = (unsigned)number(&v); v++; o->holder_gid = (unsigned)number(&v); }
    else if (same(*argv, "--chdir")) o->chdir = v;
    else if (same(*argv, "--cgroup") && o->cgroups < MAX_CGROUPS) o->cgroup[o->cgroups++] = (i32)number(&v);
    else if (same(*argv, "--group") && o->groups < MAX_GROUPS) o->group[o->groups++] = (unsigned)number(&v);
    else if (same(*argv, "--user")) { o->has_user = 1; o->uid = (unsigned)number(&v); v++; o->gid = (unsigned)number(&v); }
    else if (same(*argv, "--rlimit") && o->rlimits < MAX_RLIMITS) {
      o->rlimit[o->rlimits].which = (i32)number(&v); v++;
      o->rlimit[o->rlimits].limit[0] = number(&v); v++;
      o->rlimit[o->rlimits++].limit[1] = number(&v);
    } else fail(o, STAGE_USAGE, -EINVAL);
  }
  if (!*argv || !argv[1]) fail(o, STAGE_USAGE, -EINVAL);
  o->argv = argv + 1;
}

/* Reads all of fd, doubling the room; then points at each string. */
static void read_environment(struct options *o) {
  ulong room = 65536, have = 0, count = 0;
  char *text = allocate(room);
  for (;;) {
    i64 n = text ? sys3(NR_read, o->env, text + have, room - have) : -12;
    if (n == -EINTR) continue;
    if (n < 0) fail(o, STAGE_USAGE, n);
    if (n == 0) break;
    have += (ulong)n;
    if (have == room) {
      char *larger = allocate(room * 2);
      if (larger) memcpy(larger, text, have);
      text = larger;
      room *= 2;
    }
  }
  for (ulong i = 0; i < have; i++) count += text[i] == 0;
  o->envp = allocate((count + 1) * sizeof(char *));
  if (!o->envp) fail(o, STAGE_USAGE, -12);
  char *at = text;
  for (ulong i = 0; i < count; i++) { o->envp[i] = at; at += length(at) + 1; }
  sys1(NR_close, o->env);
}

static int is_own(const char *theirs, const char *name) {
  char own[64], a[64] = { 0 }, b[64] = { 0 };
  sys4(NR_readlinkat, AT_FDCWD, theirs, a, sizeof a - 1);
  sys4(NR_readlinkat, AT_FDCWD, namespace_path(own, 0, name), b, sizeof b - 1);
  return *a && same(a, b);
}

static void join_user(const struct options *o, i32 fd) {
  i64 r = fd < 0 ? -EINVAL : sys2(NR_setns, fd, 0);
  /* Where we are already cannot be joined. */
  if (r < 0 && r != -EINVAL) fail(o, STAGE_ENTER, r);
}

/*
 * All are opened before any is joined: afterwards /proc is another's. An ordinary user's sandbox lies in two user
 * namespaces, one in the other: the outer owns the mounts, processes and so on, the program is in the inner.
 */
static void enter(const struct options *o) {
  enum { CGROUP, IPC, UTS, NET, PID, MNT, USER, COUNT, SKIP = -4096 };
  static const char *const names[] = { "cgroup", "ipc", "uts", "net", "pid", "mnt", "user" };
  char path[64];
  i32 fds[COUNT];
  for (i32 i = 0; i < COUNT; i++) {
    namespace_path(path, (ulong)o->enter, names[i]);
    /* A network that was joined may be owned by a user namespace above the one to enter. */
    fds[i] = i != USER && ((o->join && i == NET) || is_own(path, names[i])) ? SKIP : (i32)sys4(NR_open, AT_FDCWD, path, O_CLOEXEC, 0);
    if (fds[i] < 0 && fds[i] != SKIP) fail(o, STAGE_ENTER, fds[i]);
  }
  join_user(o, fds[MNT] < 0 ? SKIP : (i32)sys2(NR_ioctl, fds[MNT], 0xb701 /* NS_GET_USERNS */));
  for (i32 i = 0; i < USER; i++) {
    i64 r = fds[i] < 0 ? 0 : sys2(NR_setns, fds[i], 0);
    /* Another's cgroup namespace need not be joined. */
    if (r < 0 && i != CGROUP) fail(o, STAGE_ENTER, r);
  }
  join_user(o, fds[USER]);
}

static const char *variable(char **envp, const char *name) {
  for (ulong n = length(name); *envp; envp++) {
    ulong i = 0;
    while (i < n && (*envp)[i] == name[i]) i++;
    if (i == n && (*envp)[n] == '=') return *envp + n + 1;
  }
  return 0;
}

/* As execvp(3): a name without a slash is looked for in PATH; EACCES is remembered but does not end the search. */
static i64 execute(const struct options *o) {
  const char *program = o->argv[0], *path = variable(o->envp, "PATH");
  static char candidate[8192];
  i64 result = -ENOENT;
  for (const char *c = program; *c; c++)
    if (*c == '/') return sys3(NR_execve, program, o->argv, o->envp);
  if (!path) path = "/usr/local/bin:/usr/bin:/bin";
  while (*path) {
    ulong n = 0;
    while (*path && *path != ':' && n < 4000) candidate[n++] = *path++;
    if (*path == ':') path++;
    if (n == 0) candidate[n++] = '.';
    candidate[n++] = '/';
    if (length(program) > 4000) return -E2BIG;
    memcpy(candidate + n, program, length(program) + 1);
    i64 r = sys3(NR_execve, candidate, o->argv, o->envp);
    if (r == -EACCES) result = r;
    else if (r != -ENOENT && r != -ENOTDIR) return r;
  }
  return result;
}

static void child_fails(i32 fd, u8 stage, i64 error) {
  i32 report[2] = { stage, (i32)-error };
  sys3(NR_write, fd, report, sizeof report);
  quit(127);
}

static void drop_capabilities(i32 report) {
  struct { unsigned version; i32 pid; } header = { 0x20080522, 0 };
  unsigned none[6] = { 0, 0, 0, 0, 0, 0 };
  sys5(NR_prctl, 38, 1, 0, 0, 0); /* PR_SET_NO_NEW_PRIVS: exec gives nothing back */
  sys5(NR_prctl, 47, 4, 0, 0, 0); /* PR_CAP_AMBIENT_CLEAR_ALL */
  i64 r = sys2(NR_capset, &header, none);
  if (r < 0) child_fails(report, STAGE_USER, r);
}

static void become_program(const struct options *o, i32 report, int init) {
  i64 r;
  ulong none = 0;
  sys0(NR_setsid);
  for (i32 i = 0; i < o->rlimits; i++)
    if ((r = sys4(NR_prlimit, 0, o->rlimit[i].which, o->rlimit[i].limit, 0)) < 0) child_fails(report, STAGE_RLIMIT, r);
  /* Outside a sandbox the way to the workspace may be closed to the step's user, the workspace itself is not. */
  if (o->chdir && !init && (r = sys1(NR_chdir, o->chdir)) < 0) child_fails(report, STAGE_CHDIR, r);
  if (o->has_user) {
    if ((r = sys2(NR_setgroups, o->groups, o->group)) < 0) child_fails(report, STAGE_USER, r);
    if ((r = sys3(NR_setresgid, o->gid, o->gid, o->gid)) < 0) child_fails(report, STAGE_USER, r);
    if ((r = sys3(NR_setresuid, o->uid, o->uid, o->uid)) < 0) child_fails(report, STAGE_USER, r);
  }
  if (o->drop) drop_capabilities(report);
  /* Whatever ends the holder. */
  if (o->network) sys5(NR_prctl, 1, SIGKILL, 0, 0, 0);
  if (o->chdir && init && (r = sys1(NR_chdir, o->chdir)) < 0) child_fails(report, STAGE_CHDIR, r);
  sys4(NR_sigmask, 2, &none, 0, 8);
  child_fails(report, STAGE_EXEC, execute(o));
}

static i64 put_file(const char *path, const char *text, ulong size) {
  i64 fd = sys4(NR_open, AT_FDCWD, path, O_CLOEXEC | 1, 0);
  if (fd < 0) return fd;
  i64 r = sys3(NR_write, fd, text, size);
  sys1(NR_close, fd);
  return r;
}

static i64 map_id(const char *path, ulong id) {
  char text[32];
  ulong at = 0;
  for (i32 twice = 0; twice < 2; twice++) {
    ulong digits = 1;
    while (id / digits >= 10) digits *= 10;
    for (; digits; digits /= 10) text[at++] = (char)('0' + id / digits % 10);
    text[at++] = ' ';
  }
  text[at++] = '1';
  return put_file(path, text, at);
}

struct interface { char name[16]; union { short flags; struct { unsigned short family, port; u8 address[4]; } socket; u8 all[24]; } value; };

/* Loopback goes up and has the address by which all in this network know each other, also where nothing leads out. */
static i64 bring_up_loopback(void) {
  struct interface lo = { "lo", { 0 } }, mask = { "lo:1", { 0 } };
  i64 fd = sys3(NR_socket, 2, 2 | O_CLOEXEC, 0), r;
  if (fd < 0) return fd;
  lo.value.flags = 0x41;
  r = sys3(NR_ioctl, fd, 0x8914, &lo);
  mask.value.socket.family = 2;
  memcpy(mask.value.socket.address, INSIDE, 4);
  if (r >= 0) r = sys3(NR_ioctl, fd, 0x8916, &mask);
  memset(mask.value.socket.address, 255, 4);
  if (r >= 0) r = sys3(NR_ioctl, fd, 0x891c, &mask);
  sys1(NR_close, fd);
  return r;
}

/* Owned by a user namespace of one ordinary user: whoever connects it to the world needs no rights on the host. */
static i64 make_network(const struct options *o) {
  i64 r;
  sys2(NR_setgroups, 0, 0);
  if ((r = sys3(NR_setresgid, o->holder_gid, o->holder_gid, o->holder_gid)) < 0) return r;
  if ((r = sys3(NR_setresuid, o->holder_uid, o->holder_uid, o->holder_uid)) < 0) return r;
  sys5(NR_prctl, 4, 1, 0, 0, 0);
  if ((r = sys1(NR_unshare, 0x50000000)) < 0) return r;
  put_file("/proc/self/setgroups", "deny", 4);
  if ((r = map_id("/proc/self/uid_map", o->holder_uid)) < 0) return r;
  if ((r = map_id("/proc/self/gid_map", o->holder_gid)) < 0) return r;
  put_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0", 1);
  return bring_up_loopback();
}

/* Tells the program where its parent's network is. */
static void name_network(const struct options *o) {
  static char net[64], user[64];
  ulong self = (ulong)sys0(NR_getpid);
  for (char **a = o->argv; *a; a++) {
    if (same(*a, "@net")) *a = namespace_path(net, self, "net");
    if (same(*a, "@user")) *a = namespace_path(user, self, "user");
  }
}

static i64 start(const struct options *o, int init) {
  i32 fds[2], gate[2], report[2] = { 0, 0 };
  u8 go = 1;
  if (sys2(NR_pipe2, fds, O_CLOEXEC) < 0 || sys2(NR_pipe2, gate, O_CLOEXEC) < 0) fail(o, STAGE_FORK, -24);
  if (o->network) name_network(o);
  i64 pid = sys5(NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) fail(o, STAGE_FORK, pid);
  if (pid == 0) {
    sys1(NR_close, gate[1]);
    if (o->network && sys3(NR_read, gate[0], &go, 1) != 1) quit(127);
    become_program(o, fds[1], init);
  }
  sys1(NR_close, fds[1]);
  if (o->lend >= 0) sys1(NR_close, o->lend);
  if (o->network) {
    i64 r = make_network(o);
    if (r < 0) fail(o, STAGE_NETWORK, r);
    sys3(NR_write, gate[1], &go, 1);
  }
  sys1(NR_close, gate[0]);
  sys1(NR_close, gate[1]);
  i64 n;
  while ((n = sys3(NR_read, fds[0], report, sizeof report)) == -EINTR);
  sys1(NR_close, fds[0]);
  if (n == sizeof report) {
    sys4(NR_wait4, pid, 0, 0, 0);
    fail(o, (u8)report[0], -report[1]);
  }
  say(o, 'S', 0, (i32)pid, 0, 0);
  return pid;
}

/* The program has ended. An init takes everyone with it before it tells: whoever hears of it finds nothing left. */
static void finish(const struct options *o, i32 status, int init) {
  i64 usage[18];
  if (init) {
    sys2(NR_kill, -1, SIGKILL);
    for (i64 r; (r = sys4(NR_wait4, -1, 0, 0, 0)) > 0 || r == -EINTR;);
  }
  sys2(NR_rusage, -1, usage);
  say(o, 'X', 0, status, (usage[0] + usage[2]) * 1000000 + usage[1] + usage[3], usage[4]);
  if (o->network && o->control >= 0) return;
  quit(status & 127 ? 128 + (status & 127) : status >> 8 & 255);
}

static void reap(const struct options *o, i64 program, int init) {
  i32 status;
  i64 pid;
  while ((pid = sys4(NR_wait4, -1, &status, 1, 0)) > 0)
    if (pid == program) finish(o, status, init);
}

static void obey(const struct options *o, i64 program) {
  u8 signal = 0;
  i64 n = sys3(NR_read, o->control, &signal, 1);
  if (n == -EINTR) return;
  if (n <= 0 || signal == SIGKILL) {
    sys2(NR_kill, -program, SIGKILL);
    if (n <= 0 || o->network) quit(137);
  } else sys2(NR_kill, -program, signal);
}

__attribute__((used)) void begin(i64 *stack) {
  static struct options o;
  ulong all = ~0ul, child = 1ul << (SIGCHLD - 1);
  char **argv = (char **)(stack + 1);
  o.control = o.env = o.await = o.lend = -1;
  o.envp = argv + stack[0] + 1;
  parse(&o, argv);
  if (o.await >= 0) await(o.await);
  if (o.join) {
    i64 r = join_network(o.join);
    if (r < 0) fail(&o, STAGE_NETWORK, r);
    if (o.control < 0) fail(&o, STAGE_EXEC, execute(&o));
  }
  int init = sys0(NR_getpid) == 1;
  sys4(NR_sigmask, 2, &all, 0, 8);
  for (i32 i = 0; i < o.cgroups; i++) {
    i64 r = sys3(NR_write, o.cgroup[i], "0", 1);
    if (r < 0) fail(&o, STAGE_CGROUP, r);
    sys1(NR_close, o.cgroup[i]);
  }
  if (o.control >= 0) sys3(NR_fcntl, o.control, 2, 1);
  if (o.env >= 0) read_environment(&o);
  if (o.enter) enter(&o);
  /* The program may be of the same user: it shall not trace its init. */
  if (!o.network) sys5(NR_prctl, 4, 0, 0, 0, 0);
  i32 signals = (i32)sys4(NR_signalfd, -1, &child, 8, O_CLOEXEC | 04000);
  i64 program = start(&o, init);
  struct pollfd fds[2] = { { signals, 1, 0 }, { o.control, 1, 0 } };
  for (u8 drain[128];;) {
    sys5(NR_ppoll, fds, 2, 0, 0, 8);
    if (fds[1].revents) obey(&o, program);
    if (fds[0].revents) {
      while (sys3(NR_read, signals, drain, sizeof drain) > 0);
      reap(&o, program, init);
    }
  }
}
