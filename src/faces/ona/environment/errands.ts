/**
 * What is still to be done with environments: to bring one up once its workspace is filled, to stop or to remove one.
 * The work itself is executions; this only waits for them and goes on.
 *
 * E1. An errand is stored in the commit that made it necessary, and removed when it is done: a server that dies in
 *     between finds it at its next start.
 * E2. One errand for an environment at a time; a later one takes the place of an earlier one.
 * E3. Doing an errand twice does no harm.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isEngineError } from '../../../core/engine-error.ts'
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
/** Between tries of one that fails; it doubles up to the second, ms. */
const PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

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
    for (let failures = 0; ; ) {
      const turn = new AbortController()
      this.#under.set(environment, turn)
      const signal = AbortSignal.any([turn.signal, this.#closing])
      const did = await this.#once(environment, signal)
      if (this.#closing.aborted || (did === 'nothing' && !turn.signal.aborted)) break
      failures = did === 'failed' ? failures + 1 : 0
      const pauseMs = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (failures - 1))
      if (failures > 0) await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
    this.#under.delete(environment)
  }

  async #once(environment: string, signal: AbortSignal): Promise<'nothing' | 'something' | 'failed'> {
    try {
      const stored = await this.#engine.document<Errand>(SYSTEM_TENANT, COLLECTIONS.errand, environment)
      if (!stored) return 'nothing'
      await this.#perform(stored.body, signal)
      if (signal.aborted) return 'something'
      const place = { tenant: SYSTEM_TENANT, collection: COLLECTIONS.errand, key: environment }
      const done = [{ kind: 'document.delete' as const, ...place, expected: stored.version }]
      // A later errand has taken its place: that one is done next.
      await this.#engine.saveDocuments(done).catch((error: unknown) => {
        if (!isEngineError(error, 'conflict', 'document')) throw error
      })
    } catch (error) {
      if (this.#closing.aborted) return 'something'
      this.#log.error({ err: error, environment }, 'an environment could not be brought on; it is tried again')
      return 'failed'
    }
    return 'something'
  }
}
