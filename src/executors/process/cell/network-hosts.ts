import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NetworkSpec } from '../../../core/step-spec.ts'

/** What all in a private network reach each other by; launcher.c gives it to loopback. */
export const INSIDE_ADDRESS = '198.19.0.2'

const LOOPBACK = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'

/**
 * The hosts files of one private network, one a step. Every file tells the names of all steps that have come so far:
 * a step that started earlier learns of a later one, because its file grows under it.
 */
export class NetworkHosts {
  readonly #directory: string
  readonly #names = new Set<string>()
  readonly #files = new Map<string, string>()

  /** `directory` is made here and must not be another's. */
  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o711 })
  }

  /** The path of the file that `key` sees as /etc/hosts. */
  add(key: string, step: string, network: NetworkSpec): string {
    const { hostname, aliases, extraHosts } = network
    this.#tell([step, ...(aliases ?? []), ...(hostname === undefined ? [] : [hostname])].filter(isHostName))
    const extra = Object.entries(extraHosts ?? {}).map(([name, address]) => `${address} ${name}\n`)
    const path = join(this.#directory, String(this.#files.size))
    this.#files.set(key, path)
    writeFileSync(path, `${LOOPBACK}${extra.join('')}${[...this.#names].map(lineOf).join('')}`, { mode: 0o644 })
    return path
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #tell(names: readonly string[]): void {
    const fresh = names.filter((name) => !this.#names.has(name))
    for (const name of fresh) this.#names.add(name)
    const lines = fresh.map(lineOf).join('')
    if (lines !== '') for (const path of this.#files.values()) appendFileSync(path, lines)
  }
}

const lineOf = (name: string): string => `${INSIDE_ADDRESS} ${name}\n`

const isHostName = (name: string): boolean => /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?$/.test(name)
