/**
 * Access and refresh tokens prove themselves, so what ends one early is written down: tokens that were revoked, and
 * whether the API token that one was exchanged for is still there.
 *
 * R1. A revocation here counts at once; one made by another server of the same store after `REMEMBERED_MS`.
 * R2. What is written down is a token's digest, and only until the token would have ended by itself.
 */
import { createHash } from 'node:crypto'
import type { Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import { allDocuments, put } from '../kit/documents.ts'
import type { FaceContext } from '../kit/face.ts'
import { COLLECTIONS } from './documents.ts'

const REMEMBERED_MS = 5_000

interface Known {
  readonly until: Instant
  readonly revoked: ReadonlySet<string>
  /** Ids of the API tokens that there are. */
  readonly credentials: ReadonlySet<string>
}

export class RevokedTokens {
  readonly #context: FaceContext
  readonly #face: string
  readonly #known = new Map<Tenant, Promise<Known>>()

  constructor(context: FaceContext, face: string) {
    this.#context = context
    this.#face = face
  }

  /** `credential`: id of the API token it was exchanged for; absent for that of the first start, which cannot be revoked. */
  async isRevoked(tenant: Tenant, token: string, credential: string | undefined): Promise<boolean> {
    const { revoked, credentials } = await this.#knownOf(tenant)
    return revoked.has(digestOf(token)) || (credential !== undefined && !credentials.has(credential))
  }

  /** An API token that is there now counts from now on. */
  async welcome(tenant: Tenant, credential: string): Promise<void> {
    const known = await this.#known.get(tenant)
    if (known && !known.credentials.has(credential)) this.#known.delete(tenant)
  }

  async revoke(tenant: Tenant, token: string, endsAt: Instant): Promise<void> {
    const { engine } = this.#context
    const gone = (await this.#records(tenant)).filter(({ body }) => body.endsAt <= engine.now())
    const collection = COLLECTIONS.revoked
    await engine.saveDocuments([
      put(tenant, collection, digestOf(token), { endsAt }),
      ...gone.map(({ key }) => ({ kind: 'document.delete', tenant, collection, key }) as const),
    ])
    this.#known.delete(tenant)
  }

  async #knownOf(tenant: Tenant): Promise<Known> {
    const known = await this.#known.get(tenant)
    if (known && known.until > this.#context.engine.now()) return known
    const read = this.#read(tenant)
    this.#known.set(tenant, read)
    read.catch(() => this.#known.delete(tenant))
    return read
  }

  async #read(tenant: Tenant): Promise<Known> {
    const { engine, credentials } = this.#context
    const [records, views] = await Promise.all([this.#records(tenant), credentials.list({ face: this.#face, tenant })])
    return {
      until: engine.now() + REMEMBERED_MS,
      revoked: new Set(records.map(({ key }) => key)),
      credentials: new Set(views.map(({ id }) => id)),
    }
  }

  #records(tenant: Tenant) {
    return allDocuments<{ readonly endsAt: Instant }>(this.#context.engine, tenant, COLLECTIONS.revoked)
  }
}

const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex')
