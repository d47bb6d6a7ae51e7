/**
 * What must outlive the server and cannot be asked of the engine: tombstones, stops on their way, and exits whose
 * containers may be gone already.
 *
 * J1. Written before it is acted upon or reported, by one write; no fsync: a power cut ends the containers too.
 * J2. A torn last line is ignored. Opening rewrites the file with what is still needed and renames it into place.
 * J3. No environment, argument or secret is ever written here, save outputs, which the store keeps as well.
 */
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import type { AttemptId } from '../../core/identity.ts'
import type { Observation } from '../../core/ports/executor.ts'
import type { Stopping } from './container-run.ts'

export type ExitSeen = Extract<Observation, { kind: 'exited' }>

type Entry =
  | { readonly k: 'tomb'; readonly a: AttemptId }
  | { readonly k: 'stop'; readonly a: AttemptId; readonly how: Stopping }
  | { readonly k: 'exit'; readonly a: AttemptId; readonly seen: ExitSeen }
  /** Its exit was acknowledged. */
  | { readonly k: 'done'; readonly a: AttemptId }

/** Ids kept of attempts that are over or never began; the oldest go first. */
const KEPT = 10_000
const COMPACT_BYTES = 16 * 1024 * 1024

export class Journal {
  readonly tombstones = new Set<AttemptId>()
  readonly stops = new Map<AttemptId, Stopping>()
  readonly exits = new Map<AttemptId, ExitSeen>()
  readonly done = new Set<AttemptId>()
  readonly #path: string
  #fd: number
  #bytes = 0

  constructor(path: string) {
    this.#path = path
    for (const entry of readEntries(path)) this.#apply(entry)
    this.#fd = this.#rewrite()
  }

  bury(attempt: AttemptId): void {
    if (!this.tombstones.has(attempt)) this.#add({ k: 'tomb', a: attempt })
  }

  stop(attempt: AttemptId, how: Stopping): void {
    this.#add({ k: 'stop', a: attempt, how })
  }

  /** False when it could not be written: the container must then stay until the exit is acknowledged. */
  exit(seen: ExitSeen): boolean {
    return this.#add({ k: 'exit', a: seen.attempt, seen })
  }

  finish(attempt: AttemptId): void {
    this.#add({ k: 'done', a: attempt })
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #add(entry: Entry): boolean {
    this.#apply(entry)
    const bytes = Buffer.from(`${JSON.stringify(entry)}\n`)
    try {
      if (this.#fd < 0) return false
      writeSync(this.#fd, bytes)
      this.#bytes += bytes.length
      if (this.#bytes > COMPACT_BYTES) this.#compact()
      return true
    } catch {
      return false
    }
  }

  #apply(entry: Entry): void {
    switch (entry.k) {
      case 'tomb':
        return remember(this.tombstones, entry.a)
      case 'stop':
        this.stops.set(entry.a, entry.how)
        return
      case 'exit':
        this.exits.set(entry.a, entry.seen)
        this.stops.delete(entry.a)
        return
      case 'done':
        this.exits.delete(entry.a)
        this.stops.delete(entry.a)
        this.tombstones.delete(entry.a)
        return remember(this.done, entry.a)
    }
  }

  #compact(): void {
    const old = this.#fd
    this.#fd = this.#rewrite()
    closeSync(old)
  }

  #rewrite(): number {
    const entries: Entry[] = [
      ...[...this.done].map((a) => ({ k: 'done', a }) as const),
      ...[...this.tombstones].map((a) => ({ k: 'tomb', a }) as const),
      ...[...this.stops].map(([a, how]) => ({ k: 'stop', a, how }) as const),
      ...[...this.exits].map(([a, seen]) => ({ k: 'exit', a, seen }) as const),
    ]
    const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
    this.#bytes = 0
    return openSync(this.#path, 'a', 0o600)
  }
}

function remember(ids: Set<AttemptId>, id: AttemptId): void {
  ids.delete(id)
  ids.add(id)
  if (ids.size > KEPT) for (const oldest of ids) return void ids.delete(oldest)
}

/** Stops that are on their way, for readers beside the server. */
export function readStops(path: string): ReadonlyMap<AttemptId, Stopping> {
  const stops = new Map<AttemptId, Stopping>()
  for (const entry of readEntries(path)) {
    if (entry.k === 'stop') stops.set(entry.a, entry.how)
    else stops.delete(entry.a)
  }
  return stops
}

function readEntries(path: string): Entry[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Entry]
    } catch {
      return []
    }
  })
}
