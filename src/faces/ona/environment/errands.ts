/**
 * What is still to be done with environments: to bring one up once its workspace is filled, to stop or to remove one.
 * The work itself is executions; this only waits for them and goes on.
 *
 * E1. An errand is stored in the commit that made it necessary, and removed when it is done: a server that dies in
 *     between finds it at its next start.
 * E2. One errand for an environment at a time; a later one takes the place of an earlier one.
 * E3. Doing an errand twice does no harm.
 */
import type { Principal, Tenant } from '../../../core/identity.ts'
import type { DocumentPut } from '../../../core/ports/store.ts'
import type { Engine } from '../../../engine/engine.ts'
import { SYSTEM_TENANT } from '../../../engine/system-tenant.ts'
import { allDocuments, put } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'

export interface Errand {
  readonly kind: 'start' | 'prebuild' | 'stop' | 'cancel' | 'delete'
  readonly tenant: Tenant
  readonly environment: string
  readonly principal: Principal
}

export const putErrand = (errand: Errand): DocumentPut =>
  put(SYSTEM_TENANT, COLLECTIONS.errand, errand.environment, errand)

type Log = { error(o: object, m?: string): void }
const PAUSE_MS = 1_000

export class Errands {
  readonly #engine: Engine
  readonly #log: Log
  readonly #perform: (errand: Errand, signal: AbortSignal) => Promise<void>
  readonly #under = new Map<string, AbortController>()
  #closing: AbortSignal = new AbortController().signal

  constructor(engine: Engine, log: Log, perform: (errand: Errand, signal: AbortSignal) => Promise<void>) {
    this.#engine = engine
    this.#log = log
    this.#perform = perform
  }

  /** Takes up what an earlier server left; ends with the signal. */
  async resume(closing: AbortSignal): Promise<void> {
    this.#closing = closing
    for (const { key } of await allDocuments<Errand>(this.#engine, SYSTEM_TENANT, COLLECTIONS.errand)) this.begin(key)
  }

  /** The environment's errand was stored: it is done as soon as may be, after the one under way. */
  begin(environment: string): void {
    const under = this.#under.get(environment)
    if (under) return under.abort()
    void this.#work(environment)
  }

  async #work(environment: string): Promise<void> {
    for (;;) {
      const turn = new AbortController()
      this.#under.set(environment, turn)
      const left = await this.#once(environment, AbortSignal.any([turn.signal, this.#closing]))
      if (this.#closing.aborted || (!left && !turn.signal.aborted)) break
    }
    this.#under.delete(environment)
  }

  /** Whether anything is left to be done. */
  async #once(environment: string, signal: AbortSignal): Promise<boolean> {
    try {
      const stored = await this.#engine.document<Errand>(SYSTEM_TENANT, COLLECTIONS.errand, environment)
      if (!stored) return false
      await this.#perform(stored.body, signal)
      if (signal.aborted) return true
      const place = { tenant: SYSTEM_TENANT, collection: COLLECTIONS.errand, key: environment }
      await this.#engine.saveDocuments([{ kind: 'document.delete', ...place, expected: stored.version }])
    } catch (error) {
      if (this.#closing.aborted) return true
      this.#log.error({ err: error, environment }, 'an environment could not be brought on; it is tried again')
      await new Promise((resume) => setTimeout(resume, PAUSE_MS))
    }
    return true
  }
}
