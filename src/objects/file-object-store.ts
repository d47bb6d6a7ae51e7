/**
 * Objects as files: `<directory>/<tenant>/<key>` with a `.sha256` beside each, names encoded so that no key leaves its
 * place. Written aside in `.incoming`, synced, then renamed (O1, O2); what a crash left aside is removed at `open`.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EngineError, notFound } from '../core/engine-error.ts'
import type { Tenant } from '../core/identity.ts'
import type { ObjectFacts, ObjectStore } from '../core/ports/object-store.ts'

const INCOMING = '.incoming'
const SUM = '.sha256'
/** The directories above let nobody in; a step of another user reads the one object that is bound into its sandbox. */
const OBJECT_MODE = 0o644

export class FileObjectStore implements ObjectStore {
  readonly #directory: string
  #count = 0

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async open(directory: string): Promise<FileObjectStore> {
    await rm(join(directory, INCOMING), { recursive: true, force: true })
    await mkdir(join(directory, INCOMING), { recursive: true, mode: 0o700 })
    return new FileObjectStore(directory)
  }

  async put(
    tenant: Tenant,
    key: string,
    bytes: Readable | Uint8Array,
    options: { readonly limitBytes?: number } = {},
  ): Promise<ObjectFacts> {
    const aside = join(this.#directory, INCOMING, `${process.pid}-${++this.#count}`)
    try {
      const facts = await this.#writeAside(aside, bytes, options.limitBytes ?? Number.POSITIVE_INFINITY)
      const place = this.#place(tenant, key)
      await mkdir(dirname(place), { recursive: true, mode: 0o700 })
      await rename(`${aside}${SUM}`, `${place}${SUM}`)
      await rename(aside, place)
      await syncDirectory(dirname(place))
      return facts
    } catch (error) {
      await rm(aside, { force: true })
      await rm(`${aside}${SUM}`, { force: true })
      throw asRefusal(error)
    }
  }

  async #writeAside(aside: string, bytes: Readable | Uint8Array, limit: number): Promise<ObjectFacts> {
    const hash = createHash('sha256')
    let size = 0
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length
        hash.update(chunk)
        if (size > limit)
          done(new EngineError('exhausted', `it is larger than ${limit} bytes`, { limit, subject: 'object' }))
        else done(null, chunk)
      },
    })
    const source = bytes instanceof Uint8Array ? Readable.from([bytes]) : bytes
    await pipeline(source, measure, createWriteStream(aside, { mode: OBJECT_MODE, flush: true }))
    const facts = { size, sha256: hash.digest('hex') }
    await writeFile(`${aside}${SUM}`, facts.sha256, { mode: 0o600, flush: true })
    return facts
  }

  async facts(tenant: Tenant, key: string): Promise<ObjectFacts | undefined> {
    const place = this.#place(tenant, key)
    const found = await stat(place).catch(absent)
    const sha256 = found?.isFile() && (await readFile(`${place}${SUM}`, 'utf8').catch(absent))
    return found && sha256 ? { size: found.size, sha256 } : undefined
  }

  async read(
    tenant: Tenant,
    key: string,
    range: { readonly from?: number; readonly until?: number } = {},
  ): Promise<Readable> {
    const place = this.#place(tenant, key)
    const file = await open(place).catch(absent)
    if (!file) throw notFound('object', key)
    const { from: start = 0, until } = range
    if (until !== undefined && until <= start) {
      await file.close()
      return Readable.from([])
    }
    return createReadStream(place, { fd: file, start, ...(until !== undefined && { end: until - 1 }) })
  }

  async path(tenant: Tenant, key: string): Promise<string | undefined> {
    const place = this.#place(tenant, key)
    return (await stat(place).catch(absent))?.isFile() ? place : undefined
  }

  async remove(tenant: Tenant, key: string): Promise<boolean> {
    const place = this.#place(tenant, key)
    if (!(await stat(place).catch(absent))) return false
    await rm(place, { force: true })
    await rm(`${place}${SUM}`, { force: true })
    return true
  }

  async *keys(tenant: Tenant, prefix: string): AsyncIterable<string> {
    const root = this.#root(tenant)
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(absent)
    const keys = (entries ?? [])
      .filter((e) => e.isFile() && !e.name.endsWith(SUM))
      .map((e) => decode(relative(root, join(e.parentPath, e.name))))
    yield* keys.filter((key) => key.startsWith(prefix)).sort()
  }

  #root(tenant: Tenant): string {
    return join(this.#directory, encode(tenant))
  }

  #place(tenant: Tenant, key: string): string {
    const segments = key.split('/')
    return join(this.#root(tenant), ...segments.map((s, i) => encode(s, i < segments.length - 1 ? '+' : '_')))
  }
}

/** One path segment that cannot climb: no dots first, no separators. `+` marks a folder, so that keys `a` and `a/b` may
 *  both be there. */
const encode = (segment: string, mark: '+' | '_' = '+'): string => `${mark}${encodeURIComponent(segment)}`
const decode = (path: string): string =>
  path
    .split(sep)
    .map((s) => decodeURIComponent(s.slice(1)))
    .join('/')

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}

function asRefusal(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new EngineError('exhausted', 'the disk is full', { subject: 'object' }, error)
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path)
  await handle.sync().finally(() => handle.close())
}
