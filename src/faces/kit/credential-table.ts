/**
 * The one credential table, over the engine's documents and the vault.
 *
 * C1. No secret is stored in the clear: sealed ones are encrypted, tokens are hashed (SHA-256), passwords too (scrypt).
 * C2. A credential is valid on its own face only, until it expires or is revoked.
 * C3. Comparing takes the same time wherever the difference lies, and for names that do not exist.
 * C4. What was looked up is remembered for `REMEMBERED_MS`; a revocation here counts at once, one made by another
 *     server of the same store after that time.
 * C5. First-start credentials are derived from the key file, not stored, and cannot be revoked.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { EngineError, invalid, isEngineError } from '../../core/engine-error.ts'
import type { Principal, Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { Store } from '../../core/ports/store.ts'
import type { Vault } from '../../core/ports/vault.ts'
import { SYSTEM_TENANT } from '../../engine/system-tenant.ts'
import type { CredentialRecord } from './credential-record.ts'
import { principalOf, viewOf } from './credential-record.ts'
import type { CredentialKind, Credentials, CredentialView, MintedCredential, MintRequest } from './credentials.ts'
import type { FirstStart, FirstStartSpelling } from './first-start.ts'
import { firstStartOf } from './first-start.ts'
import { passwordHash, passwordMatches, sameHash, sameText, tokenHash, wastePasswordTime } from './secret-hash.ts'

export const CREDENTIALS = 'taskport/credential'
export const REMEMBERED_MS = 5_000
const MOST_REMEMBERED = 10_000

/** What the table needs of the store: the engine lets no face write its own tenant's records. */
export type CredentialStore = Pick<Store, 'commit' | 'document' | 'documents'>

type SpelledRequest = MintRequest & { readonly kind: CredentialKind }

interface Remembered {
  readonly record: CredentialRecord
  readonly principal: Principal
  readonly until: number
  /** Of a sealed one, opened. */
  readonly secret?: string
}

export class CredentialTable implements Credentials {
  readonly #store: CredentialStore
  readonly #now: () => Instant
  readonly #vault: Vault
  readonly #spellings: Readonly<Record<string, FirstStartSpelling>>
  readonly #remembered = new Map<string, Remembered>()
  readonly #first = new Map<string, FirstStart & { readonly hash: string }>()
  /** HMACs of passwords that matched lately: a client that sends its password each time costs one scrypt, not many. */
  readonly #matched = new Map<string, number>()
  readonly #matchKey = randomBytes(32)

  constructor(
    store: CredentialStore,
    now: () => Instant,
    vault: Vault,
    spellings: Readonly<Record<string, FirstStartSpelling>> = {},
  ) {
    this.#store = store
    this.#now = now
    this.#vault = vault
    this.#spellings = spellings
  }

  async mint(wished: MintRequest): Promise<MintedCredential> {
    if (wished.tenant === SYSTEM_TENANT) throw invalid('tenant', `${SYSTEM_TENANT} is the engine's own tenant`)
    const { tenants } = this.#spellings[wished.face] ?? {}
    if (tenants && !tenants.form.test(wished.tenant))
      throw invalid('tenant', `a tenant of ${wished.face} is written ${tenants.says}`)
    const request = this.#spelled(wished)
    const id = idOf(request)
    const secret = request.secret ?? madeSecret(request, id)
    const record: CredentialRecord = {
      id,
      face: request.face,
      tenant: request.tenant,
      kind: request.kind,
      name: request.name ?? id,
      principal: request.principal,
      principalKind: request.principalKind ?? 'user',
      grants: request.grants ?? [],
      ...(request.scope !== undefined && { scope: request.scope }),
      createdAt: this.#now(),
      ...(request.expiresAt !== undefined && { expiresAt: request.expiresAt }),
      kept: await this.#keep(request.kind, id, secret),
    }
    await this.#insert(record)
    return { ...viewOf(record), secret }
  }

  async verifyToken(face: string, token: string): Promise<Principal | undefined> {
    return (await this.verifiedToken(face, token))?.principal
  }

  async verifiedToken(
    face: string,
    token: string,
  ): Promise<{ readonly principal: Principal; readonly credential?: CredentialView } | undefined> {
    const digest = tokenHash(token)
    const first = this.#firstStart(face)
    if (sameHash(first.hash, digest)) return { principal: first.principal }
    const found = await this.#find('token', face, digest)
    if (found?.record.kind !== 'hashed' || !sameHash(found.record.kept, digest)) return undefined
    return { principal: found.principal, credential: viewOf(found.record) }
  }

  async verifyPassword(face: string, name: string, password: string): Promise<Principal | undefined> {
    const first = this.#firstStart(face)
    if (name === first.name && sameText(first.secret, password)) return first.principal
    const found = await this.#find('name', face, name)
    if (found?.record.kind !== 'password') return void (await wastePasswordTime(password))
    return (await this.#passwordMatches(found.record, password)) ? found.principal : undefined
  }

  async sealedSecret(
    face: string,
    name: string,
  ): Promise<{ readonly secret: string; readonly principal: Principal } | undefined> {
    const first = this.#firstStart(face)
    if (name === first.name) return { secret: first.secret, principal: first.principal }
    const found = await this.#find('name', face, name)
    return found?.secret === undefined ? undefined : { secret: found.secret, principal: found.principal }
  }

  async list(filter: { readonly face?: string; readonly tenant?: Tenant }): Promise<readonly CredentialView[]> {
    const views: CredentialView[] = []
    for await (const record of this.#records())
      if ((filter.face ?? record.face) === record.face && (filter.tenant ?? record.tenant) === record.tenant)
        views.push(viewOf(record))
    return views
  }

  async revoke(id: string): Promise<boolean> {
    const stored = await this.#store.document<CredentialRecord>(SYSTEM_TENANT, CREDENTIALS, id)
    if (!stored) return false
    await this.#store.commit([{ kind: 'document.delete', tenant: SYSTEM_TENANT, collection: CREDENTIALS, key: id }])
    for (const [key, { record }] of this.#remembered) if (record.id === id) this.#remembered.delete(key)
    return true
  }

  async firstStart(face: string): Promise<FirstStart> {
    const { name, secret, principal } = this.#firstStart(face)
    return { name, secret, principal }
  }

  /** Deletes what has expired; returns how many. Called from time to time by the server. */
  async sweep(): Promise<number> {
    const now = this.#now()
    let swept = 0
    for await (const record of this.#records())
      if (record.expiresAt !== undefined && record.expiresAt <= now && (await this.revoke(record.id))) swept++
    return swept
  }

  /** After a reset of the store nothing of it may be remembered. */
  forget(): void {
    this.#remembered.clear()
    this.#matched.clear()
  }

  #firstStart(face: string): FirstStart & { readonly hash: string } {
    let first = this.#first.get(face)
    if (!first) {
      const made = firstStartOf(this.#vault, face, this.#spellings[face])
      first = { ...made, hash: tokenHash(made.secret) }
      this.#first.set(face, first)
    }
    return first
  }

  /** With what the face's clients expect where nothing was wished. */
  #spelled(request: MintRequest): SpelledRequest {
    const spelling = this.#spellings[request.face]
    const kind = request.kind ?? spelling?.kind ?? 'hashed'
    if (kind !== 'sealed') return { ...request, kind }
    const name = request.name ?? spelling?.name?.(randomBytes(32))
    const secret = request.secret ?? spelling?.secret?.(randomBytes(32))
    return { ...request, kind, ...(name !== undefined && { name }), ...(secret !== undefined && { secret }) }
  }

  async #keep(kind: CredentialKind, id: string, secret: string): Promise<string> {
    if (kind === 'sealed') return this.#vault.seal(`credential/${id}`, secret)
    return kind === 'hashed' ? tokenHash(secret) : await passwordHash(secret)
  }

  async #insert(record: CredentialRecord): Promise<void> {
    if (record.name === this.#firstStart(record.face).name) throw taken(record)
    const indexes = {
      name: `${record.face}/${record.name}`,
      ...(record.kind === 'hashed' && { token: `${record.face}/${record.kept}` }),
    }
    const { id: key, createdAt } = record
    const put = { kind: 'document.put', tenant: SYSTEM_TENANT, collection: CREDENTIALS, key, body: record } as const
    try {
      await this.#store.commit([{ ...put, sort: String(createdAt).padStart(15, '0'), indexes, expected: 0 }])
    } catch (error) {
      if (isEngineError(error, 'conflict')) throw taken(record, error)
      throw error
    }
  }

  async #find(index: 'name' | 'token', face: string, value: string): Promise<Remembered | undefined> {
    const now = this.#now()
    const key = `${index}/${face}/${value}`
    let found = this.#remembered.get(key)
    if (found === undefined || found.until <= now) {
      found = await this.#read(index, `${face}/${value}`, now)
      this.#remember(key, found)
    }
    const expired = found?.record.expiresAt !== undefined && found.record.expiresAt <= now
    return expired ? undefined : found
  }

  async #read(name: string, value: string, now: number): Promise<Remembered | undefined> {
    const query = { limit: 1, index: { name, value } }
    const { items } = await this.#store.documents<CredentialRecord>(SYSTEM_TENANT, CREDENTIALS, query)
    const record = items[0]?.body
    if (!record) return undefined
    const opened = record.kind === 'sealed' && { secret: this.#vault.open(`credential/${record.id}`, record.kept) }
    return { record, principal: principalOf(record), until: now + REMEMBERED_MS, ...opened }
  }

  #remember(key: string, found: Remembered | undefined): void {
    this.#remembered.delete(key)
    if (found) this.#remembered.set(key, found)
    if (this.#remembered.size > MOST_REMEMBERED) {
      const [oldest] = this.#remembered.keys()
      if (oldest !== undefined) this.#remembered.delete(oldest)
    }
  }

  async #passwordMatches(record: CredentialRecord, password: string): Promise<boolean> {
    const now = this.#now()
    const mark = createHmac('sha256', this.#matchKey).update(`${record.kept}\n${password}`).digest('base64url')
    if ((this.#matched.get(mark) ?? 0) > now) return true
    const matches = await passwordMatches(password, record.kept)
    if (matches) this.#matched.set(mark, now + 60_000)
    if (this.#matched.size > MOST_REMEMBERED) this.#matched.clear()
    return matches
  }

  async *#records(): AsyncIterable<CredentialRecord> {
    let after: string | undefined
    do {
      const query = { limit: 500, ...(after !== undefined && { after }) }
      const page = await this.#store.documents<CredentialRecord>(SYSTEM_TENANT, CREDENTIALS, query)
      for (const { body } of page.items) yield body
      after = page.next
    } while (after !== undefined)
  }
}

/** A wished name gives the id, so that the store itself refuses a second credential of that name. */
const idOf = ({ face, name }: MintRequest): string =>
  name === undefined
    ? randomBytes(9).toString('hex')
    : createHash('sha256').update(`${face}/${name}`).digest('hex').slice(0, 18)

const madeSecret = (request: SpelledRequest, id: string): string =>
  request.kind === 'password'
    ? randomBytes(18).toString('base64url')
    : `tp_${request.face}_${id}_${randomBytes(24).toString('base64url')}`

const taken = (record: CredentialRecord, cause?: unknown): EngineError =>
  new EngineError(
    'conflict',
    `there is a credential named ${record.name} for ${record.face}`,
    { subject: 'credential', id: record.name, field: 'name' },
    cause,
  )
