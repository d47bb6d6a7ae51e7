/**
 * Which images were pulled with a credential, and by whose. An engine has one store of images for all: without this, what
 * one tenant's password fetched would be there for every other tenant that knows its name.
 *
 * V1. Noted before a pull begins: a crash in the middle leaves an image that nobody may use without pulling it.
 * V2. By the image's id, so another name or a digest for the same image is no way around it.
 * V3. What was there before this server pulled it, or came without a credential, is everyone's.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Tenant } from '../../core/identity.ts'

interface Kept {
  /** Tenants that have shown to their registry that they may have it, by image id. */
  readonly owners: Record<string, readonly Tenant[]>
  /** Names that are being pulled with a credential. */
  readonly pulling: readonly string[]
}

export class PrivateImages {
  readonly #path: string
  #kept: Kept

  constructor(path: string) {
    this.#path = path
    this.#kept = keptIn(path)
  }

  /** May the tenant use the image as it is, under this name, without asking its registry? */
  admits(tenant: Tenant, name: string, id: string): boolean {
    const owners = this.#kept.owners[id]
    return owners === undefined ? !this.#kept.pulling.includes(name) : owners.includes(tenant)
  }

  /** Was it pulled with credentials, all of them others'? */
  isOthers(tenant: Tenant, id: string): boolean {
    return this.#kept.owners[id]?.includes(tenant) === false
  }

  /** A pull with a credential begins. */
  begin(name: string): void {
    if (!this.#kept.pulling.includes(name)) this.#keep({ ...this.#kept, pulling: [...this.#kept.pulling, name] })
  }

  /** It came to nothing. */
  fail(name: string): void {
    this.#keep({ ...this.#kept, pulling: this.#without(name) })
  }

  /** It was pulled with the tenant's credential. `isNew`: no image with this id was here before. */
  own(tenant: Tenant, name: string, id: string, isNew: boolean): void {
    const known = this.#kept.owners[id] ?? (isNew ? [] : undefined)
    const owners = known && { ...this.#kept.owners, [id]: [...new Set([...known, tenant])] }
    this.#keep({ owners: owners ?? this.#kept.owners, pulling: this.#without(name) })
  }

  /** It was pulled without a credential: it is everyone's. */
  open(name: string, id: string): void {
    if (this.#kept.owners[id] === undefined && !this.#kept.pulling.includes(name)) return
    const { [id]: _former, ...owners } = this.#kept.owners
    this.#keep({ owners, pulling: this.#without(name) })
  }

  #without(name: string): readonly string[] {
    return this.#kept.pulling.filter((other) => other !== name)
  }

  #keep(kept: Kept): void {
    this.#kept = kept
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    writeFileSync(`${this.#path}.new`, JSON.stringify(kept), { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
  }
}

function keptIn(path: string): Kept {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { owners: {}, pulling: [] }
    throw error
  }
}
