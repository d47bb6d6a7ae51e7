import { existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { SystemPath } from '../host-facts.ts'

/** A part of the sandbox's root: what it is on the host, and how the sandbox shows it. */
export interface Shown {
  readonly from: string
  readonly as: SystemPath
}

/** The directories and links on the top level of a root file system, as a sandbox shows them. */
export function topLevel(root: string, without: ReadonlySet<string>): SystemPath[] {
  return readdirSync(root).flatMap((name): SystemPath[] => {
    if (without.has(name)) return []
    const path = join(root, name)
    const stat = lstatSync(path)
    if (stat.isSymbolicLink()) return [{ path: `/${name}`, kind: 'link', to: readlinkSync(path) }]
    return stat.isDirectory() ? [{ path: `/${name}`, kind: 'directory' }] : []
  })
}

export interface ShownArgv {
  readonly argv: readonly string[]
  /** Directories that were put together and are to be sealed once all mounts are made. */
  readonly sealed: readonly string[]
}

/**
 * Bubblewrap's arguments that show `paths` read-only. A mount needs something to lie on, which a read-only directory
 * cannot be given: one that is the way to a `target` not there on the host is put together from its entries instead.
 */
export function showPaths(paths: readonly Shown[], targets: readonly string[]): ShownArgv {
  const parts = paths.map(({ from, as }): ShownArgv => {
    if (as.kind === 'link') return { argv: ['--symlink', as.to, as.path], sealed: [] }
    const missing = targets.filter(
      (target) => target.startsWith(`${as.path}/`) && !existsSync(from + target.slice(as.path.length)),
    )
    return missing.length === 0
      ? { argv: ['--ro-bind', from, as.path], sealed: [] }
      : putTogether(from, as.path, missing)
  })
  return { argv: parts.flatMap(({ argv }) => argv), sealed: parts.flatMap(({ sealed }) => sealed) }
}

function putTogether(from: string, path: string, targets: readonly string[]): ShownArgv {
  const entries = readdirSync(from).map((name): Shown => {
    const stat = lstatSync(join(from, name))
    const at = join(path, name)
    if (stat.isSymbolicLink()) return { from: at, as: { path: at, kind: 'link', to: readlinkSync(join(from, name)) } }
    return { from: join(from, name), as: { path: at, kind: 'directory' } }
  })
  const below = showPaths(entries, targets)
  return { argv: ['--perms', '0755', '--tmpfs', path, ...below.argv], sealed: [...below.sealed, path] }
}
