import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Work } from '../../../core/ports/executor.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import type { MountSpec, NetworkSpec } from '../../../core/step-spec.ts'
import type { CellConfig } from '../protocol.ts'
import { sourceMissing } from './program-plan.ts'
import { type Shown, showPaths, topLevel } from './shown-paths.ts'

/** Where a sandboxed program finds its workspace. */
export const SANDBOX_WORKSPACE = '/workspace'
/** Where it would find its launcher. */
export const SANDBOX_LAUNCHER = '/run/taskport/launcher'

/** Content that the sandbox shows as a file: passed by descriptor, so nothing of it reaches a command line or disk. */
export interface SandboxFile {
  readonly target: string
  readonly content: string
}

export interface SandboxPlan {
  /** Arguments of bubblewrap before the descriptors of `files`. */
  readonly argv: readonly string[]
  readonly files: readonly SandboxFile[]
  /** After the files. */
  readonly last: readonly string[]
}

/** Host directories for mounts that are not the operator's own, made on demand by the caller. */
export type SharedDirectory = (mount: MountSpec) => string

/**
 * The sandbox of one attempt: own mounts, processes and IPC; the system read-only; /tmp and workspace its own, or not
 * even those; `tmp` is a directory for it, absent: memory. The data directory, home directories and the server's environment do not exist in it.
 */
export function planSandbox(
  config: CellConfig,
  work: Work,
  workspace: string,
  shared: SharedDirectory,
  hosts?: string,
  tmp?: string,
): SandboxPlan | { readonly refusal: Reason } {
  const frozen = work.run.sandbox?.writable === 'none'
  const holds = (mount: MountSpec): boolean => frozen && mount.keepsWritable !== true
  const root = rootOf(config, work.run.sandbox?.root)
  if ('refusal' in root) return root
  const mounts = (work.run.mounts ?? []).filter((mount) => mount.kind !== 'file')
  const mounted = mounts.map((mount) => mountArgv(config, mount, holds(mount), shared))
  for (const one of mounted) if ('refusal' in one) return one
  const files = filesOf(work, hosts !== undefined)
  const own = hosts === undefined ? [] : [HOSTS]
  const targets = [...(work.run.mounts ?? []).map((mount) => mount.target), ...own]
  const shown = showPaths(root.paths, targets)
  return {
    argv: [
      ...namespaceArgv(work.run.network),
      ...shown.argv,
      ...['--proc', '/proc', '--dev', '/dev'],
      ...(frozen ? ['--dir', '/tmp', '--remount-ro', '/dev'] : tmpArgv(tmp, work.place.diskBytes)),
      ...['--perms', '0755', '--dir', '/run'],
      ...resolverArgv(work.run.network),
      ...[frozen ? '--ro-bind' : '--bind', workspace, SANDBOX_WORKSPACE],
      ...['--ro-bind', config.host.launcher!, SANDBOX_LAUNCHER],
      ...parentsArgv(targets),
      ...mounted.flatMap((one) => ('argv' in one ? one.argv : [])),
      ...(hosts === undefined ? [] : ['--ro-bind', hosts, HOSTS]),
    ],
    files,
    last: [
      ...maskArgv(config.dataDirectory, root.paths),
      ...['/', ...shown.sealed].flatMap((path) => ['--remount-ro', path]),
    ],
  }
}

function tmpArgv(directory: string | undefined, diskBytes: number | undefined): string[] {
  if (directory !== undefined) return ['--bind', directory, '/tmp']
  const size = diskBytes === undefined ? [] : ['--size', String(diskBytes)]
  return ['--perms', '1777', ...size, '--tmpfs', '/tmp']
}

function namespaceArgv(network: NetworkSpec | undefined): string[] {
  const argv = [
    '--die-with-parent',
    '--as-pid-1',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
  ]
  if (network?.hostname !== undefined) argv.push('--hostname', network.hostname)
  if (network?.mode === 'none') argv.push('--unshare-net')
  // The launcher needs these to become the step's user and to signal it; the program gets none (`--drop`).
  if (process.getuid?.() === 0)
    for (const capability of ['SETUID', 'SETGID', 'KILL', 'SYS_RESOURCE']) argv.push('--cap-add', `CAP_${capability}`)
  return process.getuid?.() === 0 ? ['--cap-drop', 'ALL', ...argv] : argv
}

function rootOf(
  config: CellConfig,
  root: string | undefined,
): { readonly paths: readonly Shown[] } | { readonly refusal: Reason } {
  if (root === undefined) return { paths: config.host.systemPaths.map((as) => ({ from: as.path, as })) }
  if (!config.sandbox.allowedRoots.some((allowed) => isBelow(leadsTo(root), allowed)))
    return { refusal: reason('refused_by_executor', `the operator does not allow ${root} as a root file system`) }
  const real = realpathOf(root)
  if (real === undefined) return { refusal: sourceMissing(root) }
  return { paths: topLevel(real, NOT_FROM_ROOT).map((as) => ({ from: join(real, as.path), as })) }
}

/** Entries that a sandbox makes itself. */
const NOT_FROM_ROOT = new Set(['proc', 'dev', 'tmp', 'run', 'sys', 'workspace'])

function mountArgv(
  config: CellConfig,
  mount: MountSpec,
  frozen: boolean,
  shared: SharedDirectory,
): { readonly argv: readonly string[] } | { readonly refusal: Reason } {
  if (mount.kind === 'tmpfs') {
    const size = mount.sizeBytes === undefined ? [] : ['--size', String(mount.sizeBytes)]
    const sealed = frozen || mount.readOnly ? ['--remount-ro', mount.target] : []
    return { argv: ['--perms', '1777', ...size, '--tmpfs', mount.target, ...sealed] }
  }
  const how = frozen || mount.readOnly ? '--ro-bind' : '--bind'
  if (mount.kind !== 'bind') return { argv: [how, shared(mount), mount.target] }
  const asked = mount.source ?? ''
  const data = leadsTo(config.dataDirectory)
  if (!mount.trusted && !mayBind(config, data, leadsTo(asked))) return { refusal: bindRefusal(asked) }
  const source = realpathOf(asked)
  if (source === undefined) return { refusal: sourceMissing(asked) }
  return { argv: [how, source, mount.target, ...(mount.trusted ? [] : hiddenArgv(data, source, mount.target))] }
}

const mayBind = ({ sandbox }: CellConfig, data: string, source: string): boolean =>
  sandbox.allowedBinds.some((directory) => isBelow(source, leadsTo(directory))) && !isBelow(source, data)

/** As far as it exists: whether it does is nobody's business who may not see it. */
function leadsTo(path: string): string {
  const parent = dirname(path)
  return realpathOf(path) ?? (parent === path ? path : join(leadsTo(parent), basename(path)))
}

const bindRefusal = (source: string): Reason =>
  reason('refused_by_executor', `the operator does not allow ${source} to be mounted (taskport up --allow-bind DIR)`)

/** A project's directory often holds the server's own: it looks empty there, and cannot be moved. */
function hiddenArgv(data: string, source: string, target: string): readonly string[] {
  if (!isBelow(data, source)) return []
  const inside = join(target, relative(source, data))
  return ['--tmpfs', inside, '--remount-ro', inside]
}

/** Bubblewrap makes what leads to a mount for its own user alone (0700): a step of another user could not pass. */
function parentsArgv(targets: readonly string[]): string[] {
  const parents = new Set(
    targets.flatMap((target) => {
      const parts = target.split('/').filter((part) => part !== '')
      return parts.slice(0, -1).map((_, i) => `/${parts.slice(0, i + 1).join('/')}`)
    }),
  )
  return [...parents].sort().flatMap((parent) => ['--perms', '0755', '--dir', parent])
}

function filesOf(work: Work, isPrivate: boolean): SandboxFile[] {
  const files = (work.run.mounts ?? []).flatMap((mount) =>
    mount.kind === 'file' ? [{ target: mount.target, content: mount.content ?? '' }] : [],
  )
  const { dns, extraHosts, hostname } = work.run.network ?? {}
  if (dns !== undefined && dns.length > 0)
    files.push({ target: RESOLVER, content: dns.map((server) => `nameserver ${server}\n`).join('') })
  if (isPrivate) return [...files, ...resolverBeyondLoopback(dns)]
  const hosts = Object.entries(extraHosts ?? {}).map(([name, address]) => `${address} ${name}\n`)
  if (hostname !== undefined) hosts.push(`127.0.1.1 ${hostname}\n`)
  if (hosts.length > 0) files.push({ target: HOSTS, content: `${textOf(HOSTS)}\n${hosts.join('')}` })
  return files
}

const HOSTS = '/etc/hosts'
const RESOLVER = '/etc/resolv.conf'
/** Where systemd-resolved, itself on loopback, keeps what it asks (systemd-resolved.service(8)). */
const RESOLVER_BEHIND = '/run/systemd/resolve/resolv.conf'

/** From a private network a resolver on the host's loopback cannot be asked: those that it asks can. */
function resolverBeyondLoopback(dns: readonly string[] | undefined): SandboxFile[] {
  const servers = [...textOf(RESOLVER).matchAll(/^nameserver\s+(\S+)/gm)].map(([, server]) => server!)
  const isLocal = servers.length > 0 && servers.every((server) => server === '::1' || server.startsWith('127.'))
  const behind = textOf(RESOLVER_BEHIND)
  return (dns?.length ?? 0) > 0 || !isLocal || behind === '' ? [] : [{ target: RESOLVER, content: behind }]
}

/** Where resolv.conf is a link out of /etc (systemd-resolved), what it means has to be there too. */
function resolverArgv(network: NetworkSpec | undefined): string[] {
  const real = realpathOf(RESOLVER)
  const own = network?.dns !== undefined && network.dns.length > 0
  return own || real === undefined || real.startsWith('/etc/') ? [] : ['--ro-bind', real, real]
}

/** The data directory may lie below a directory that is shown; shadow files matter where the program may be root. */
function maskArgv(dataDirectory: string, paths: readonly Shown[]): string[] {
  const real = realpathOf(dataDirectory) ?? resolve(dataDirectory)
  const shown = paths.some(({ from }) => isBelow(real, from))
  const etc = paths.find(({ as }) => as.path === '/etc')?.from
  const secrets = SECRETS.filter((name) => etc !== undefined && realpathOf(join(etc, name)))
  const masked = process.getuid?.() === 0 ? secrets.flatMap((name) => ['--ro-bind', '/dev/null', `/etc/${name}`]) : []
  return [...(shown ? ['--tmpfs', real] : []), ...masked]
}

/** Of `/etc`, where they are there. */
const SECRETS = ['shadow', 'gshadow', 'shadow-', 'gshadow-']

const isBelow = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)

function realpathOf(path: string): string | undefined {
  try {
    const real = realpathSync(path)
    return statSync(real) ? real : undefined
  } catch {
    return undefined
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
