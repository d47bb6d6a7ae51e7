/**
 * Bodies that are not JSON: raw ones, and streamed ones that become objects.
 *
 * B1. A body that breaks off, is too large or comes with the wrong digest leaves no object behind.
 * B2. Who sends too much is heard to the end of the connection's patience: the answer is not lost to a reset.
 */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { invalid } from '../../core/engine-error.ts'
import type { Tenant } from '../../core/identity.ts'
import type { ObjectFacts, ObjectStore } from '../../core/ports/object-store.ts'

/** Bodies of these types (`*`: all others) arrive as a Buffer, up to `bodyLimit` bytes (413 beyond), else the route's. */
export function acceptRawBodies(app: FastifyInstance, types: string | readonly string[], bodyLimit?: number): void {
  const options = { parseAs: 'buffer' as const, ...(bodyLimit !== undefined && { bodyLimit }) }
  app.addContentTypeParser(mutable(types), options, (_request, body, done) => done(null, body))
}

/** Bodies of these types arrive unread, as a Readable, of any length: whoever takes one limits it (`storeBody`). */
export function acceptStreamedBodies(app: FastifyInstance, types: string | readonly string[]): void {
  app.addContentTypeParser(mutable(types), (_request, payload, done) => done(null, payload))
}

const mutable = (types: string | readonly string[]): string | string[] =>
  typeof types === 'string' ? types : [...types]

export interface StoreBodyOptions {
  readonly limitBytes: number
  /** Further digests to make: names that OpenSSL knows, e.g. `md5`, `sha1`. */
  readonly digests?: readonly string[]
  /** What the digests (also `sha256`) must be, in hex; else `invalid` with facts.field 'digest'. */
  readonly expected?: Readonly<Record<string, string>>
}

export interface StoredBody extends ObjectFacts {
  /** Hex, by name; `sha256` among them. */
  readonly digests: Readonly<Record<string, string>>
}

/** Writes a streamed body under `key`. Rejects with `exhausted` beyond `limitBytes`; with `invalid` where it breaks off. */
export async function storeBody(
  objects: ObjectStore,
  tenant: Tenant,
  key: string,
  body: Readable,
  options: StoreBodyOptions,
): Promise<StoredBody> {
  const { limitBytes, digests = [], expected = {} } = options
  const names = [...new Set([...digests, ...Object.keys(expected)])].filter((name) => name !== 'sha256')
  const hashes = names.map((name) => [name, createHash(name)] as const)
  const checked = (made: Readonly<Record<string, string>>): void => {
    for (const [name, digest] of Object.entries(expected))
      if (made[name] !== digest.toLowerCase())
        throw invalid('digest', `the ${name} of the body is ${made[name]}, expected was ${digest}`)
  }
  async function* chunks(): AsyncIterable<Buffer> {
    const whole = createHash('sha256')
    for await (const chunk of unbroken(body)) {
      for (const [, hash] of hashes) hash.update(chunk)
      if (expected.sha256 !== undefined) whole.update(chunk)
      yield chunk
    }
    // Before the end of the stream, so that what is wrong never appears.
    checked({ ...digested(hashes), sha256: whole.digest('hex') })
  }
  const source = Readable.from(chunks(), { objectMode: false })
  const facts = await objects.put(tenant, key, source, { limitBytes })
  return { ...facts, digests: { ...digested(hashes), sha256: facts.sha256 } }
}

type Hashes = readonly (readonly [string, ReturnType<typeof createHash>])[]

const digested = (hashes: Hashes): Readonly<Record<string, string>> =>
  Object.fromEntries(hashes.map(([name, hash]) => [name, hash.copy().digest('hex')]))

/** Its chunks. Who stops early leaves the stream alive and running off, so that an answer can still be read (B2). */
async function* unbroken(body: Readable): AsyncIterable<Buffer> {
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) yield chunk as Buffer
  } catch (error) {
    throw invalid('body', 'the body broke off', { cause: String(error) })
  } finally {
    if (!body.destroyed) body.resume()
  }
}
