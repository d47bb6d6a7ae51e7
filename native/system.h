/*
 * What launcher and relay share: Linux system calls without libc, and joining an allocation's network.
 */

typedef unsigned char u8;
typedef unsigned long ulong;
typedef long i64;
typedef int i32;

#if defined(__x86_64__)
enum { NR_read = 0, NR_write = 1, NR_open = 257, NR_close = 3, NR_mmap = 9, NR_sigmask = 14, NR_ppoll = 271, NR_clone = 56,
       NR_execve = 59, NR_exit = 231, NR_wait4 = 61, NR_kill = 62, NR_chdir = 80, NR_rusage = 98, NR_setsid = 112,
       NR_setgroups = 116, NR_setresuid = 117, NR_setresgid = 119, NR_capset = 126, NR_prctl = 157, NR_getpid = 39,
       NR_signalfd = 289, NR_pipe2 = 293, NR_prlimit = 302, NR_setns = 308, NR_fcntl = 72,
       NR_unshare = 272, NR_socket = 41, NR_connect = 42, NR_sendto = 44, NR_recvfrom = 45, NR_shutdown = 48, NR_setsockopt = 54,
       NR_accept4 = 288, NR_ioctl = 16, NR_munmap = 11, NR_readlinkat = 267 };
static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  i64 r;
  register i64 r10 __asm__("r10") = d;
  register i64 r8 __asm__("r8") = e;
  register i64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return r;
}
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n hlt\n");
#elif defined(__aarch64__)
enum { NR_read = 63, NR_write = 64, NR_open = 56, NR_close = 57, NR_mmap = 222, NR_sigmask = 135, NR_ppoll = 73, NR_clone = 220,
       NR_execve = 221, NR_exit = 94, NR_wait4 = 260, NR_kill = 129, NR_chdir = 49, NR_rusage = 165, NR_setsid = 157,
       NR_setgroups = 159, NR_setresuid = 147, NR_setresgid = 149, NR_capset = 91, NR_prctl = 167, NR_getpid = 172,
       NR_signalfd = 74, NR_pipe2 = 59, NR_prlimit = 261, NR_setns = 268, NR_fcntl = 25,
       NR_unshare = 97, NR_socket = 198, NR_connect = 203, NR_sendto = 206, NR_recvfrom = 207, NR_shutdown = 210, NR_setsockopt = 208,
       NR_accept4 = 242, NR_ioctl = 29, NR_munmap = 215, NR_readlinkat = 78 };
static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 x8 __asm__("x8") = n;
  register i64 x0 __asm__("x0") = a;
  register i64 x1 __asm__("x1") = b;
  register i64 x2 __asm__("x2") = c;
  register i64 x3 __asm__("x3") = d;
  register i64 x4 __asm__("x4") = e;
  register i64 x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n bl begin\n brk #0\n");
#else
#error "no system call table for this architecture"
#endif

#define sys0(n) call(n, 0, 0, 0, 0, 0, 0)
#define sys1(n, a) call(n, (i64)(a), 0, 0, 0, 0, 0)
#define sys2(n, a, b) call(n, (i64)(a), (i64)(b), 0, 0, 0, 0)
#define sys3(n, a, b, c) call(n, (i64)(a), (i64)(b), (i64)(c), 0, 0, 0)
#define sys4(n, a, b, c, d) call(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), 0, 0)
#define sys5(n, a, b, c, d, e) call(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), (i64)(e), 0)

enum { SIGKILL = 9, SIGCHLD = 17, ENOENT = 2, EINTR = 4, E2BIG = 7, EACCES = 13, ENOTDIR = 20, EINVAL = 22, EPERM = 1, EAGAIN = 11 };
enum { AT_FDCWD = -100, O_CLOEXEC = 02000000, O_NONBLOCK = 04000 };

struct pollfd { i32 fd; short events, revents; };

/* The compiler may turn loops into these. */
void *memset(void *to, int value, ulong n) { u8 *p = to; while (n--) *p++ = (u8)value; return to; }
void *memcpy(void *to, const void *from, ulong n) { u8 *p = to; const u8 *q = from; while (n--) *p++ = *q++; return to; }

static ulong length(const char *s) { ulong n = 0; while (s[n]) n++; return n; }
static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }

static ulong number(const char **s) {
  ulong n = 0;
  while (**s >= '0' && **s <= '9') n = n * 10 + (ulong)(*(*s)++ - '0');
  return n;
}

static void quit(i32 code) { for (;;) sys1(NR_exit, code); }

static void *allocate(ulong size) {
  i64 at = call(NR_mmap, 0, (i64)size, 3, 0x22, -1, 0);
  return at < 0 && at > -4096 ? 0 : (void *)at;
}

/* What all in a private network are reached by; RFC 2544 keeps 198.18.0.0/15 out of the public internet. */
static const u8 INSIDE[4] = { 198, 19, 0, 2 };

/* Waits until whoever holds the other end of fd writes to it or closes it: then what it prepares is there, or never will be. */
static void await(i32 fd) {
  struct pollfd ready = { fd, 1, 0 };
  i64 patience[2] = { 10, 0 };
  while (sys5(NR_ppoll, &ready, 1, patience, 0, 8) == -EINTR);
  sys1(NR_close, fd);
}

/* Writes "/proc/<pid>/ns/<name>"; for 0 "/proc/self/ns/<name>". */
static char *namespace_path(char *to, ulong pid, const char *name) {
  ulong at = 6, digits = 1;
  memcpy(to, "/proc/", 6);
  while (pid / digits >= 10) digits *= 10;
  if (pid == 0) { memcpy(to + at, "self", 4); at += 4; }
  else for (; digits; digits /= 10) to[at++] = (char)('0' + pid / digits % 10);
  memcpy(to + at, "/ns/", 4);
  memcpy(to + at + 4, name, length(name) + 1);
  return to;
}

/* Joins the network of pid: root by its own right, others by way of the user namespace that owns it. */
static i64 join_network(i32 pid) {
  char path[64];
  i64 net = sys4(NR_open, AT_FDCWD, namespace_path(path, (ulong)pid, "net"), O_CLOEXEC, 0);
  i64 user = sys4(NR_open, AT_FDCWD, namespace_path(path, (ulong)pid, "user"), O_CLOEXEC, 0);
  if (net < 0) return net;
  i64 r = sys2(NR_setns, net, 0);
  if (r == -EPERM && user >= 0 && (r = sys2(NR_setns, user, 0)) == 0) r = sys2(NR_setns, net, 0);
  sys1(NR_close, net);
  if (user >= 0) sys1(NR_close, user);
  return r;
}
