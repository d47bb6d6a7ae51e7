import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Tenant } from '../../core/identity.ts'
import type { MountSpec } from '../../core/step-spec.ts'
import { directoryNameOf } from './cell/places.ts'

interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Directories that outlive allocations: what mounts of kind `workspace` and `volume` with a source share, by tenant and
 * name. Each is a directory named after a digest with `name`, which says whose it is, and `content`, which programs see.
 * Cells make them, servers remove them.
 */
export class SharedDirectories {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Its content, made if it is not there. Steps of different users share it: only they can reach it. */
  open(tenant: Tenant, mount: MountSpec, owner: Owner | undefined): string {
    const source = mount.source ?? mount.target
    const whole = join(this.#directory, directoryNameOf(`${tenant}/${mount.kind}/${source}`))
    const content = join(whole, 'content')
    const made = mkdirSync(content, { recursive: true, mode: 0o711 })
    const name = join(whole, 'name')
    if (!existsSync(name)) writeFileSync(name, JSON.stringify([tenant, source]), { mode: 0o600 })
    if (made !== undefined) chmodSync(content, 0o700)
    if (owner === undefined) return content
    if (made === undefined) chmodSync(content, 0o777)
    else chownSync(content, owner.uid, owner.gid)
    return content
  }

  /** Moves those with this source, and those below it, into `trash`. */
  remove(tenant: Tenant, source: string, trash: string): void {
    if (!existsSync(this.#directory)) return
    for (const name of readdirSync(this.#directory)) {
      const whole = join(this.#directory, name)
      const [owner, own] = nameOf(whole)
      if (owner === tenant && isSameOrBelow(own, source)) renameSync(whole, join(trash, `${Date.now()}-${name}`))
    }
  }
}

/** Below as paths are: `a/b` is below `a`, `ab` is not. */
const isSameOrBelow = (path: string | undefined, of: string): boolean =>
  path === of || path?.startsWith(`${of}/`) === true

function nameOf(directory: string): readonly (string | undefined)[] {
  try {
    return JSON.parse(readFileSync(join(directory, 'name'), 'utf8')) as readonly string[]
  } catch {
    return []
  }
}
