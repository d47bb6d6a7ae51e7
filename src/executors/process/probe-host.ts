import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { topLevel } from './cell/shown-paths.ts'
import { descriptorLimit } from './cell/syscalls.ts'
import { tryRun } from './cell/try-run.ts'
import type { HostFacts, NetworkFacts, SystemPath } from './host-facts.ts'
import { probeCgroups } from './probe-cgroups.ts'

/** What this host offers to the process executor. Starts nothing that outlives the call. */
export function probeHost(): HostFacts {
  const launcher = findLauncher()
  const systemPaths = shownPaths()
  const bwrap = launcher === undefined ? undefined : workingBwrap(launcher, systemPaths)
  const pasta = findInPath('pasta')
  const network = bwrap === undefined || pasta === undefined ? undefined : workingNetwork(launcher!)
  return {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    ...(bwrap === undefined ? {} : bwrap),
    ...(launcher === undefined ? {} : { launcher }),
    ...(pasta === undefined ? {} : { pasta }),
    ...(network === undefined ? {} : { network }),
    ...withMkfs(),
    userNamespaces: hasUserNamespaces(),
    cgroups: probeCgroups(),
    descriptorLimit: descriptorLimit().hard,
    systemPaths,
  }
}

const CAP_SYS_ADMIN = 21n

/** The means to give a workspace a size: mount rights, loop devices, and what makes ext4. */
function withMkfs(): { readonly mkfs?: string } {
  const mkfs = findInPath('mkfs.ext4')
  const rights = /^CapEff:\s*([0-9a-f]+)/m.exec(textOf('/proc/self/status'))?.[1] ?? '0'
  const mayMount = ((BigInt(`0x${rights}`) >> CAP_SYS_ADMIN) & 1n) === 1n
  const works =
    mkfs !== undefined && mayMount && canOpen('/dev/loop-control') && /\text4$/m.test(textOf('/proc/filesystems'))
  return works ? { mkfs } : {}
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, 'r+'))
    return true
  } catch {
    return false
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** What a sandbox shows of the host: programs, libraries, configuration. No home, no /var, no /srv, no /mnt. */
const SHOWN = new Set(['usr', 'bin', 'sbin', 'etc', 'opt', 'nix', 'gnu', 'lib', 'lib32', 'lib64', 'libx32'])

function shownPaths(): SystemPath[] {
  return topLevel('/', new Set()).filter(({ path }) => SHOWN.has(path.slice(1)))
}

/** The launcher that this machine can execute, from the package's `native` directory. */
export function findLauncher(): string | undefined {
  const name = join('native', `linux-${process.arch}`, 'launcher')
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const path = join(directory, name)
    if (existsSync(path)) return tryRun([path, '--', '/bin/sh', '-c', 'exit 7']) === 7 ? path : undefined
    if (dirname(directory) === directory) return undefined
  }
}

/** Bubblewrap, if a sandbox made by this user really runs a program. */
function workingBwrap(launcher: string, paths: readonly SystemPath[]): { readonly bwrap: string } | undefined {
  const bwrap = findInPath('bwrap')
  if (bwrap === undefined) return undefined
  const system = paths.flatMap((p) => (p.kind === 'link' ? ['--symlink', p.to, p.path] : ['--ro-bind', p.path, p.path]))
  const trial = ['--as-pid-1', '--unshare-pid', '--unshare-ipc', ...system, '--proc', '/proc', '--dev', '/dev']
  const works =
    tryRun([bwrap, ...trial, '--ro-bind', launcher, '/run/l', '--', '/run/l', '--', 'sh', '-c', 'exit 9']) === 9
  return works ? { bwrap } : undefined
}

const NOBODY = 65_534

/** Who can have a network that pasta may connect; undefined when nobody here can make one. */
function workingNetwork(launcher: string): NetworkFacts | undefined {
  const relay = join(dirname(launcher), 'relay')
  const tun = statSync('/dev/net/tun', { throwIfNoEntry: false })
  if (tun === undefined || !existsSync(relay)) return undefined
  const uid = process.getuid?.() ?? 0
  const isOpen = (tun.mode & 0o006) === 0o006
  if (uid !== 0 && !isOpen) return undefined
  const [owner, group] = uid !== 0 ? [uid, process.getgid?.() ?? 0] : isOpen ? [NOBODY, NOBODY] : [0, 0]
  const works = tryRun([launcher, '--network', `${owner}:${group}`, '--', '/bin/sh', '-c', 'exit 9']) === 9
  return works ? { relay, uid: owner, gid: group } : undefined
}

export function findInPath(program: string): string | undefined {
  for (const directory of `${process.env.PATH ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`.split(':')) {
    const path = join(directory || '.', program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Elsewhere, perhaps.
    }
  }
  return undefined
}

function hasUserNamespaces(): boolean {
  try {
    return Number(readFileSync('/proc/sys/user/max_user_namespaces', 'utf8')) > 0
  } catch {
    return false
  }
}
