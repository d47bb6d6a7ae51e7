import { closeSync, fdatasyncSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { sys } from './syscalls.ts'

/**
 * What a cell must not forget when it dies: which attempts it took, as which processes, and how they ended.
 *
 * J1. Written before it is reported, by one write per round; no fsync: a power cut ends the programs too.
 * J2. Both files are preallocated, so a full disk cannot stop an exit from being recorded.
 * J3. A full file is compacted into the other one, whose header is written last: the header with the highest
 *     generation wins, and a cell killed in the middle leaves the old one in force.
 * J4. A line that is torn or of another generation ends the reading.
 * J5. No environment, argument or secret is ever written here.
 */
export type JournalEntry =
  /** Taken: about to start. */
  | { readonly k: 'take'; readonly a: string; readonly t: string; readonly l: string; readonly c: boolean }
  /** Runs as this process (leader of a session), started at this time since boot, ms. */
  | { readonly k: 'run'; readonly a: string; readonly pid: number; readonly b: number; readonly at: number }
  | { readonly k: 'exit'; readonly a: string; readonly seen: unknown }
  | { readonly k: 'tomb'; readonly a: string }
  /** The server has committed the exit. */
  | { readonly k: 'done'; readonly a: string }

const FILE_BYTES = 4 * 1024 * 1024

export class Journal {
  readonly #paths: readonly [string, string]
  #fd: number
  #generation = 0
  #offset = 0
  #limit = 0
  readonly #fileBytes: number
  readonly #snapshot: () => readonly JournalEntry[]
  #pending: JournalEntry[] = []

  /** `snapshot` must give all entries that are still needed. */
  constructor(directory: string, snapshot: () => readonly JournalEntry[], fileBytes = FILE_BYTES) {
    this.#paths = pathsIn(directory)
    this.#snapshot = snapshot
    this.#fileBytes = fileBytes
    for (const path of this.#paths) preallocate(path, fileBytes)
    this.#fd = openSync(this.#paths[0], 'r+')
    this.#begin([])
  }

  add(entry: JournalEntry): void {
    this.#pending.push(entry)
  }

  /** Puts what was added into the file. True when it is there; false keeps it for the next call. */
  flush(): boolean {
    if (this.#pending.length === 0) return true
    const bytes = this.#encode(this.#pending)
    if (this.#offset + bytes.length > this.#limit) return this.#compact()
    if (!this.#put(bytes, this.#offset)) return false
    this.#offset += bytes.length
    this.#pending = []
    return true
  }

  #compact(): boolean {
    const next = openSync(this.#paths[(this.#generation + 1) % 2]!, 'r+')
    const old = this.#fd
    this.#fd = next
    const snapshot = this.#snapshot()
    if (!this.#begin(snapshot)) {
      this.#fd = old
      this.#generation--
      closeSync(next)
      return false
    }
    closeSync(old)
    this.#pending = []
    return true
  }

  /** A new generation in the file of `#fd`: the lines first, the header that makes them valid last. */
  #begin(entries: readonly JournalEntry[]): boolean {
    this.#generation++
    const header = Buffer.from(headerOf(this.#generation))
    const bytes = this.#encode(entries)
    // Past its preallocated size a file may still grow while the disk has room.
    this.#limit = Math.max(this.#fileBytes, 2 * (header.length + bytes.length), fstatSync(this.#fd).size)
    if (!this.#put(bytes, header.length) || !this.#put(header, 0)) return false
    this.#offset = header.length + bytes.length
    return true
  }

  #encode(entries: readonly JournalEntry[]): Buffer {
    return Buffer.from(entries.map((entry) => lineOf(this.#generation, entry)).join(''))
  }

  #put(bytes: Buffer, at: number): boolean {
    try {
      let done = 0
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done)
      return true
    } catch {
      return false
    }
  }

  /** To the disk itself; only tests of the disk need it. */
  sync(): void {
    fdatasyncSync(this.#fd)
  }
}

/** The valid entries that a cell, now dead, left in its directory. */
export function readJournal(directory: string): readonly JournalEntry[] {
  const files = pathsIn(directory).map(readLines)
  files.sort((a, b) => b.generation - a.generation)
  return files[0]?.entries ?? []
}

const pathsIn = (directory: string): [string, string] => [join(directory, 'journal-0'), join(directory, 'journal-1')]

const headerOf = (generation: number): string => `taskport-journal 1 ${String(generation).padStart(12, '0')}\n`

function lineOf(generation: number, entry: JournalEntry): string {
  const text = JSON.stringify(entry)
  return `${generation} ${crc32(text).toString(16)} ${text}\n`
}

function preallocate(path: string, bytes: number): void {
  const fd = openSync(path, 'w+', 0o600)
  // A file system that cannot (EOPNOTSUPP) still works, less the promise about full disks.
  sys.fallocate(fd, 0, 0, bytes)
  closeSync(fd)
}

function readLines(path: string): { readonly generation: number; readonly entries: readonly JournalEntry[] } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return { generation: -1, entries: [] }
  }
  const header = /^taskport-journal 1 (\d{12})\n/.exec(text)
  if (header === null) return { generation: -1, entries: [] }
  const generation = Number(header[1])
  const entries: JournalEntry[] = []
  for (let at = header[0].length, end = 0; ; at = end + 1) {
    end = text.indexOf('\n', at)
    const entry = end < 0 ? undefined : entryOf(generation, text.slice(at, end))
    if (entry === undefined) return { generation, entries }
    entries.push(entry)
  }
}

function entryOf(generation: number, line: string): JournalEntry | undefined {
  const parts = /^(\d+) ([0-9a-f]+) (.*)$/s.exec(line)
  if (parts === null || Number(parts[1]) !== generation) return undefined
  return crc32(parts[3]!) === Number.parseInt(parts[2]!, 16) ? (JSON.parse(parts[3]!) as JournalEntry) : undefined
}
