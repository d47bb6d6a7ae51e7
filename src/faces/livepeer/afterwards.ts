/**
 * What follows a commit and may be repeated: messages to webhooks, files that nobody needs any more. Both are documents
 * written in the commit that made them due, so that a crash loses neither; this works them off, woken by each commit and,
 * for what is due later, by a timer.
 *
 * W1. It never waits for a receiver of news (`webhook/deliveries.ts`).
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isEngineError } from '../../core/engine-error.ts'
import type { Tenant } from '../../core/identity.ts'
import type { Document } from '../../core/ports/store.ts'
import { eachDocument } from '../kit/documents.ts'
import { COLLECTIONS, FACE_TENANT } from './documents.ts'
import type { LivepeerParts } from './parts.ts'
import { Deliveries } from './webhook/deliveries.ts'
import { WEBHOOK_LOG_MS, type WebhookLogRecord } from './webhook/webhook-log.ts'

interface Garbage {
  readonly directory: string
  /** What was uploaded or fetched is kept for another try. */
  readonly keepInput: boolean
  readonly notBefore?: number
  readonly secret?: { readonly tenant: Tenant; readonly name: string }
}

const SETTLE_MS = 20
const LONGEST_WAIT_MS = 60_000

export class Afterwards {
  readonly #parts: LivepeerParts
  readonly #stopping = new AbortController()
  readonly #deliveries: Deliveries
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #again = false
  #removing: Promise<void> = Promise.resolve()

  constructor(parts: LivepeerParts) {
    this.#parts = parts
    this.#deliveries = new Deliveries(parts, this.#stopping.signal)
  }

  /** Soon: the commit that it follows may still be under way. */
  wake(): void {
    this.#schedule(SETTLE_MS)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#round
    await this.#deliveries.ended()
  }

  #schedule(inMs: number): void {
    if (this.#stopping.signal.aborted) return
    if (this.#round) {
      this.#again = true
      return
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#begin(), inMs)
    this.#timer.unref()
  }

  #begin(): void {
    this.#again = false
    this.#round = this.#work().then((nextMs) => {
      this.#round = undefined
      this.#schedule(this.#again ? SETTLE_MS : nextMs)
    })
  }

  /** When to look again, ms from now. Never rejects. */
  async #work(): Promise<number> {
    try {
      await this.#clean()
      await this.#forgetLogs()
      return Math.min(await this.#deliveries.round(), LONGEST_WAIT_MS)
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        this.#parts.context.log.warn({ error: String(error) }, 'not all could be done')
      return LONGEST_WAIT_MS
    }
  }

  async #forgetLogs(): Promise<void> {
    const { engine } = this.#parts
    const old = engine.now() - WEBHOOK_LOG_MS
    for await (const { key, body } of eachDocument<WebhookLogRecord>(engine, FACE_TENANT, COLLECTIONS.webhookLog)) {
      if (body.createdAt > old) return
      await engine.saveDocuments([
        { kind: 'document.delete', tenant: FACE_TENANT, collection: COLLECTIONS.webhookLog, key },
      ])
    }
  }

  /** What the task with this id left behind, now. */
  tidy(task: string): Promise<void> {
    return this.#alone(async () => {
      const found = await this.#parts.engine.document<Garbage>(FACE_TENANT, COLLECTIONS.garbage, task)
      if (found) await this.#remove(found)
    })
  }

  #clean(): Promise<void> {
    return this.#alone(async () => {
      const { engine } = this.#parts
      for await (const found of eachDocument<Garbage>(engine, FACE_TENANT, COLLECTIONS.garbage)) {
        if ((found.body.notBefore ?? 0) > engine.now()) return
        await this.#remove(found)
      }
    })
  }

  /** One removal at a time: what begins after it finds nothing half removed. */
  #alone(work: () => Promise<void>): Promise<void> {
    const turn = this.#removing.then(work)
    this.#removing = turn.catch(() => undefined)
    return turn
  }

  async #remove({ key, body }: Document<Garbage>): Promise<void> {
    const { engine } = this.#parts
    await empty(body)
    if (body.secret) await engine.removeSecret(body.secret.tenant, body.secret.name).catch(unlessGone)
    await engine.saveDocuments([{ kind: 'document.delete', tenant: FACE_TENANT, collection: COLLECTIONS.garbage, key }])
  }
}

function unlessGone(error: unknown): void {
  if (!isEngineError(error, 'not_found')) throw error
}

async function empty({ directory, keepInput }: Garbage): Promise<void> {
  if (!keepInput) return rm(directory, { recursive: true, force: true })
  for (const name of ['.work', 'source', 'index.m3u8'])
    await rm(join(directory, name), { recursive: true, force: true })
}
