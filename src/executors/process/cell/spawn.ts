import { actionsCloseFrom, sys } from './syscalls.ts'

const POSIX_SPAWN_SETSIGDEF = 4
const POSIX_SPAWN_SETSIGMASK = 8
const POSIX_SPAWN_SETSID = 128

const RLIMIT_NOFILE = 7
const USUAL_NOFILE = 1024n

// glibc: posix_spawnattr_t is 336 bytes, file_actions_t 80, sigset_t 128; larger is harmless.
const attributes = new Uint8Array(512)
const actions = new Uint8Array(256)
const pidOut = new Int32Array(1)
const ownLimit = new Uint8Array(16)
const usualLimit = new Uint8Array(16)
let prepared = false

/** Every signal back to its default, none blocked, a session of its own: Node ignores SIGPIPE, a cell ignores more. */
function prepare(): void {
  const all = new Uint8Array(128)
  sys.sigFillSet(all)
  sys.attrInit(attributes)
  sys.attrSetFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID)
  sys.attrSetSigDefault(attributes, all)
  sys.attrSetSigMask(attributes, new Uint8Array(128))
  sys.getrlimit(RLIMIT_NOFILE, ownLimit)
  usualLimit.set(ownLimit)
  const soft = new DataView(usualLimit.buffer)
  if (soft.getBigUint64(0, true) > USUAL_NOFILE) soft.setBigUint64(0, USUAL_NOFILE, true)
  prepared = true
}

export interface SpawnRequest {
  /** Absolute path of the program. */
  readonly path: string
  readonly argv: readonly string[]
  /** `KEY=VALUE` each. */
  readonly env: readonly string[]
  readonly directory?: string
  /** `fds[i]` becomes descriptor `i`, and there are no others. None may be below their count except where it stays in place. */
  readonly fds: readonly number[]
}

/** The kernel's limits on what exec takes: 128 KiB a string, 6 MB in all (execve(2)). */
const MAX_STRING = 131_072
const MAX_TOTAL = 6_000_000
const E2BIG = 7

/** Starts a program by posix_spawn. Answers its pid, or minus errno. The caller reaps it. */
export function spawn(request: SpawnRequest): number {
  if (!prepared) prepare()
  if (tooLong(request.argv, request.env)) return -E2BIG
  sys.actionsInit(actions)
  for (let to = 0; to < request.fds.length; to++) sys.actionsDup2(actions, request.fds[to]!, to)
  actionsCloseFrom?.(actions, request.fds.length)
  if (request.directory !== undefined) sys.actionsChdir(actions, request.directory)
  // Node raises the soft limit on descriptors to the hard one, which programs that use select(2) do not survive.
  sys.setrlimit(RLIMIT_NOFILE, usualLimit)
  const error = sys.posixSpawn(
    pidOut,
    request.path,
    actions,
    attributes,
    [...request.argv, null],
    [...request.env, null],
  )
  sys.setrlimit(RLIMIT_NOFILE, ownLimit)
  sys.actionsDestroy(actions)
  return error === 0 ? pidOut[0]! : -error
}

function tooLong(argv: readonly string[], env: readonly string[]): boolean {
  let total = 0
  for (const list of [argv, env])
    for (const text of list) {
      // A UTF-16 unit is at most three bytes: measure exactly only where it matters.
      const bytes = text.length < 40_000 ? text.length : Buffer.byteLength(text)
      if (bytes >= MAX_STRING) return true
      total += bytes
    }
  return total > MAX_TOTAL
}
