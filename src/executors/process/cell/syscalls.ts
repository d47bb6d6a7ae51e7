import { readdirSync, writeSync } from 'node:fs'
import koffi from 'koffi'

/**
 * The handful of Linux calls a cell and its keeper need and Node does not offer. All are synchronous and answer as C
 * does; `errno()` tells why. Numbers are Linux's on x86-64 and arm64 (both little-endian, same values).
 */
// Strings of a spawn call are copied into koffi's call heap: room for the kernel's own limit of 6 MB and a little.
koffi.config({ ...koffi.config(), sync_heap_size: 16 * 1024 * 1024 })
const library = koffi.load(null)

type Int = (...numbers: number[]) => number

export const sys = {
  read: library.func('long read(int fd, void *buf, size_t n)') as (fd: number, into: Uint8Array, n: number) => number,
  write: library.func('long write(int fd, void *buf, size_t n)') as (fd: number, from: Uint8Array, n: number) => number,
  close: library.func('int close(int fd)') as unknown as Int,
  pipe2: library.func('int pipe2(int *fds, int flags)') as (fds: Int32Array, flags: number) => number,
  memfdCreate: library.func('int memfd_create(const char *name, uint flags)') as (
    name: string,
    flags: number,
  ) => number,
  fchown: library.func('int fchown(int fd, uint uid, uint gid)') as unknown as Int,
  dup: library.func('int fcntl(int fd, int cmd, int arg)') as unknown as Int,
  epollCreate: library.func('int epoll_create1(int flags)') as unknown as Int,
  epollCtl: library.func('int epoll_ctl(int epfd, int op, int fd, void *event)') as (
    epoll: number,
    op: number,
    fd: number,
    event: Uint8Array | null,
  ) => number,
  epollWait: library.func('int epoll_wait(int epfd, void *events, int max, int timeout)') as (
    epoll: number,
    events: Uint8Array,
    max: number,
    timeoutMs: number,
  ) => number,
  socket: library.func('int socket(int domain, int type, int protocol)') as unknown as Int,
  socketpair: library.func('int socketpair(int domain, int type, int protocol, int *fds)') as (
    domain: number,
    type: number,
    protocol: number,
    fds: Int32Array,
  ) => number,
  bind: library.func('int bind(int fd, void *address, uint length)') as (
    fd: number,
    address: Uint8Array,
    length: number,
  ) => number,
  listen: library.func('int listen(int fd, int backlog)') as unknown as Int,
  setsockopt: library.func('int setsockopt(int fd, int level, int name, void *value, uint length)') as (
    fd: number,
    level: number,
    name: number,
    value: Int32Array,
    length: number,
  ) => number,
  getsockname: library.func('int getsockname(int fd, void *address, void *length)') as (
    fd: number,
    address: Uint8Array,
    length: Uint32Array,
  ) => number,
  accept4: library.func('int accept4(int fd, void *address, void *length, int flags)') as (
    fd: number,
    address: null,
    length: null,
    flags: number,
  ) => number,
  kill: library.func('int kill(int pid, int signal)') as unknown as Int,
  wait4: library.func('int wait4(int pid, int *status, int options, void *rusage)') as (
    pid: number,
    status: Int32Array,
    options: number,
    rusage: Uint8Array | null,
  ) => number,
  waitid: library.func('int waitid(int kind, int id, void *info, int options)') as (
    kind: number,
    id: number,
    info: Uint8Array,
    options: number,
  ) => number,
  clockGettime: library.func('int clock_gettime(int clock, void *time)') as (clock: number, time: Uint8Array) => number,
  ioctl: library.func('int ioctl(int fd, ulong request, void *argument)') as (
    fd: number,
    request: number,
    argument: Uint8Array | null,
  ) => number,
  unshare: library.func('int unshare(int flags)') as unknown as Int,
  mount: library.func(
    'int mount(const char *source, const char *target, const char *type, ulong flags, const char *options)',
  ) as (source: string | null, target: string, type: string | null, flags: number, options: string | null) => number,
  umount2: library.func('int umount2(const char *target, int flags)') as (target: string, flags: number) => number,
  prctl: library.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)') as unknown as Int,
  signal: library.func('void *signal(int number, intptr_t handler)') as unknown as (n: number, handler: number) => void,
  fallocate: library.func('int fallocate(int fd, int mode, int64 offset, int64 length)') as unknown as Int,
  setrlimit: library.func('int setrlimit(int resource, void *limit)') as (
    resource: number,
    limit: Uint8Array,
  ) => number,
  getrlimit: library.func('int getrlimit(int resource, void *limit)') as (
    resource: number,
    limit: Uint8Array,
  ) => number,
  pidfdOpen: library.func('syscall', 'long', ['long', 'long', 'long']) as unknown as Int,
  posixSpawn: library.func(
    'int posix_spawn(int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
  ) as (
    pid: Int32Array,
    path: string,
    actions: Uint8Array,
    attributes: Uint8Array,
    argv: readonly (string | null)[],
    envp: readonly (string | null)[],
  ) => number,
  actionsInit: library.func('int posix_spawn_file_actions_init(void *a)') as (a: Uint8Array) => number,
  actionsDestroy: library.func('int posix_spawn_file_actions_destroy(void *a)') as (a: Uint8Array) => number,
  actionsDup2: library.func('int posix_spawn_file_actions_adddup2(void *a, int from, int to)') as (
    a: Uint8Array,
    from: number,
    to: number,
  ) => number,
  actionsChdir: library.func('int posix_spawn_file_actions_addchdir_np(void *a, const char *path)') as (
    a: Uint8Array,
    path: string,
  ) => number,
  attrInit: library.func('int posix_spawnattr_init(void *a)') as (a: Uint8Array) => number,
  attrSetFlags: library.func('int posix_spawnattr_setflags(void *a, short flags)') as (
    a: Uint8Array,
    flags: number,
  ) => number,
  attrSetSigDefault: library.func('int posix_spawnattr_setsigdefault(void *a, void *set)') as (
    a: Uint8Array,
    set: Uint8Array,
  ) => number,
  attrSetSigMask: library.func('int posix_spawnattr_setsigmask(void *a, void *set)') as (
    a: Uint8Array,
    set: Uint8Array,
  ) => number,
  sigFillSet: library.func('int sigfillset(void *set)') as (set: Uint8Array) => number,
} as const

/** Since glibc 2.34; undefined before. */
export const actionsCloseFrom = optional('int posix_spawn_file_actions_addclosefrom_np(void *a, int from)') as
  | ((a: Uint8Array, from: number) => number)
  | undefined

function optional(definition: string): unknown {
  try {
    return library.func(definition)
  } catch {
    return undefined
  }
}

export const errno = (): number => koffi.errno()

/** pidfd_open(2) has the same number on every architecture. */
const SYS_PIDFD_OPEN = 434
export const pidfdOpen = (pid: number): number => sys.pidfdOpen(SYS_PIDFD_OPEN, pid, 0)

export const E = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENOTDIR: 20,
  EMFILE: 24,
  EADDRINUSE: 98,
} as const

export const O_CLOEXEC = 0o2000000
export const O_NONBLOCK = 0o4000
export const EPOLLIN = 1
export const EPOLLOUT = 4
export const WNOHANG = 1

const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_SEQPACKET = 5
const F_DUPFD_CLOEXEC = 1030
const F_SETPIPE_SZ = 1031

/** Two ends, both closed on exec. Throws when the process is out of descriptors. */
export function pipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const fds = new Int32Array(2)
  if (sys.pipe2(fds, O_CLOEXEC) < 0) throw new Error(`pipe2: errno ${errno()}`)
  return { readEnd: fds[0]!, writeEnd: fds[1]! }
}

/** Asks for a larger buffer; false when the kernel does not grant it. */
export const widenPipe = (fd: number, bytes: number): boolean => sys.dup(fd, F_SETPIPE_SZ, bytes) >= 0

/** A pair of packet sockets, both closed on exec; the first does not block. */
export function socketPair(): { readonly ours: number; readonly theirs: number } {
  const fds = new Int32Array(2)
  if (sys.socketpair(AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, fds) < 0) throw new Error(`socketpair: errno ${errno()}`)
  return { ours: fds[0]!, theirs: fds[1]! }
}

/** A copy of `fd` numbered `atLeast` or above, closed on exec. */
export function dupAbove(fd: number, atLeast: number): number {
  const copy = sys.dup(fd, F_DUPFD_CLOEXEC, atLeast)
  if (copy < 0) throw new Error(`fcntl: errno ${errno()}`)
  return copy
}

/** Listens on a Unix socket. Paths are limited to 107 bytes (unix(7)). */
export function listenUnix(path: string): number {
  const name = Buffer.from(path)
  if (name.length > 107) throw new Error(`socket path is longer than 107 bytes: ${path}`)
  const address = Buffer.alloc(110)
  address.writeUInt16LE(AF_UNIX, 0)
  name.copy(address, 2)
  const fd = sys.socket(AF_UNIX, SOCK_STREAM | O_CLOEXEC | O_NONBLOCK, 0)
  if (fd < 0 || sys.bind(fd, address, name.length + 3) < 0 || sys.listen(fd, 16) < 0)
    throw new Error(`cannot listen on ${path}: errno ${errno()}`)
  return fd
}

const RLIMIT_NOFILE = 7

/** Soft and hard limit on open descriptors of this process. */
export function descriptorLimit(): { readonly soft: number; readonly hard: number } {
  const limit = new BigUint64Array(2)
  sys.getrlimit(RLIMIT_NOFILE, new Uint8Array(limit.buffer))
  const bounded = (n: bigint): number => (n > 1_048_576n ? 1_048_576 : Number(n))
  return { soft: bounded(limit[0]!), hard: bounded(limit[1]!) }
}

/** A file in memory with this content, closed on exec, its offset at the beginning. */
export function memoryFile(content: string | Uint8Array): number {
  const fd = sys.memfdCreate('taskport', 1)
  if (fd < 0) throw new Error(`memfd_create: errno ${errno()}`)
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, done)
  return fd
}

const F_SETFD = 2

/** No program started later gets a descriptor that this process was given by whoever started it. */
export function keepInheritedDescriptors(): void {
  for (const name of readdirSync('/proc/self/fd')) if (Number(name) > 2) sys.dup(Number(name), F_SETFD, 1)
}
