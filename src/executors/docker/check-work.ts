import { realpathSync } from 'node:fs'
import { isAbsolute, normalize, sep } from 'node:path'
import type { Work } from '../../core/ports/executor.ts'
import { type Reason, reason } from '../../core/reason.ts'
import { hasReadOnlyRoot } from './container-spec.ts'

export interface CheckPolicy {
  /** Host directories that steps may mount from. */
  readonly allowedBinds: readonly string[]
  /** The server's own: whoever reads its key is the operator. */
  readonly dataDirectory: string
  /** The engine's own socket: whoever holds it is root on the host. */
  readonly socket: string | undefined
  /** Privileged containers, devices and dangerous capabilities are allowed. */
  readonly allowPrivileged: boolean
}

/** What of a step this executor refuses, and why; undefined when it will do all of it. */
export function refusalOf(work: Work, policy: CheckPolicy): Reason | undefined {
  const { run } = work
  if (run.image === undefined) return reason('invalid_spec', 'the docker executor runs images and the step has none')
  if (run.sandbox?.root !== undefined)
    return reason('invalid_spec', 'a step with an image has the image as its root, not a directory of the host')
  for (const mount of run.mounts ?? []) {
    const problem = mount.kind === 'bind' ? (mount.trusted ? undefined : bindProblem(mount.source, policy)) : undefined
    if (problem !== undefined) return reason('refused_by_executor', problem)
  }
  if (hasReadOnlyRoot(work) && run.mounts?.some(({ kind }) => kind === 'file'))
    return reason('invalid_spec', 'literal files cannot be put into a container with a read-only root')
  if (run.network?.mode === 'none' && (run.ports?.length ?? 0) > 0)
    return reason('invalid_spec', 'a step without a network has no ports to publish')
  return undefined
}

function bindProblem(source: string | undefined, policy: CheckPolicy): string | undefined {
  if (source === undefined || !isAbsolute(source))
    return `a bind mount needs an absolute source, not ${source ?? 'none'}`
  const real = realOf(source)
  if (policy.socket !== undefined && isWithin(realOf(policy.socket), real))
    return `${source} is not mounted: it would show the container engine's socket`
  const data = realOf(policy.dataDirectory)
  if (isWithin(data, real) || isWithin(real, data))
    return `${source} is not mounted: it would show the server's data directory`
  if (policy.allowedBinds.some((directory) => isWithin(real, realOf(directory)))) return undefined
  return `${source} is not mounted: the operator allows no bind mounts from there (--allow-bind)`
}

/** Without links, as far as the path exists here. */
function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return normalize(path).replace(/(.)\/$/, '$1')
  }
}

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep)
