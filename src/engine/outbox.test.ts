import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../test/support/engine-world.ts'
import { settled } from '../../test/support/fake-time.ts'
import { asTenant, type ExecutionId, type Tenant } from '../core/identity.ts'
import type { Deliver } from '../core/ports/deliver.ts'
import type { Webhook, WebhookSpec } from './engine.ts'
import { DELIVERIES, HOOKS, PROGRESS } from './hook-records.ts'
import { type OutboxService, outboxService } from './outbox.ts'
import type { SubmissionRequest } from './submission-request.ts'
import type { ServiceRunner } from './ticked-service.ts'
import type { WebhookFormat } from './webhook-format.ts'
import { listWebhooks, removeWebhook, setWebhook } from './webhooks.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const OTHER = asTenant('other')

interface Received {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly at: number
}

/** What a receiver does with a message: its status, an error, or nothing until it is released or the sender gives up. */
type Answer = number | Error | 'hang'

class OutboxWorld extends EngineWorld {
  /** Every request, in the order they began. */
  readonly received: Received[] = []
  answer: (message: Received) => Answer = () => 200
  underWay = 0
  mostUnderWay = 0
  readonly formats = new Map<string, WebhookFormat>()
  #outbox!: OutboxService
  #runner!: ServiceRunner
  #release: (() => void)[] = []

  override async boot(): Promise<void> {
    await super.boot()
    this.#outbox = outboxService(this.context, this.#deliver, this.formats)
    this.#runner = this.run(this.#outbox)
    await settled()
  }

  override async kill(): Promise<void> {
    await this.#outbox.stop()
    await super.kill()
  }

  async set(spec: Partial<WebhookSpec> = {}, tenant: Tenant = TENANT): Promise<Webhook> {
    const made = await setWebhook(this.context, this.formats, tenant, { url: 'https://a.example/', ...spec })
    await this.#tell()
    return made
  }

  async remove(id: string): Promise<void> {
    await removeWebhook(this.context, TENANT, id)
    await this.#tell()
  }

  async submit(given: Partial<SubmissionRequest> = {}, tenant: Tenant = TENANT): Promise<ExecutionId> {
    const principal = { ...PRINCIPAL, tenant }
    const [result] = await this.engine.submit(principal, [{ plan: planOf(), face: 'native', ...given }])
    await settled()
    if (result?.kind !== 'accepted') throw new Error('not accepted')
    return result.execution.id
  }

  releaseHanging(): void {
    for (const release of this.#release.splice(0)) release()
  }

  /** Positions in the order they reached this address. */
  positionsAt(url: string): readonly number[] {
    return this.received.filter((r) => r.url === url).map(positionOf)
  }

  async eventPositions(kinds?: readonly string[], tenant: Tenant = TENANT): Promise<readonly number[]> {
    const filter = kinds ? { kinds } : {}
    return (await this.store.events(tenant, undefined, filter, 10_000)).events.map((e) => e.position)
  }

  async count(collection: string): Promise<number> {
    return (await this.store.system.documents(collection, { limit: 10_000 })).items.length
  }

  async #tell(): Promise<void> {
    this.#outbox.changed()
    this.#runner.poke()
    await settled()
  }

  readonly #deliver: Deliver = async (url, headers, body, signal) => {
    const message = { url, headers, body, at: this.time.now() }
    this.received.push(message)
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay)
    try {
      const answer = this.answer(message)
      if (answer instanceof Error) throw answer
      if (answer !== 'hang') return { status: answer }
      await new Promise<void>((resolve, reject) => {
        this.#release.push(resolve)
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      })
      return { status: 200 }
    } finally {
      this.underWay--
    }
  }
}

const positionOf = ({ body }: Received): number => (JSON.parse(body) as { event: { position: number } }).event.position

async function world(): Promise<OutboxWorld> {
  const made = new OutboxWorld()
  await made.boot()
  return made
}

describe('the outbox', () => {
  test('delivers every event from the setting of the hook on, in order, each under an id of its own, signed', async () => {
    const w = await world()
    await w.submit()
    await w.time.advance(1_000)
    const before = (await w.eventPositions()).length
    const { id, secret } = await w.set()
    const execution = await w.submit({ name: 'told', labels: { team: 'a' } })
    await w.time.advance(1_000)
    const expected = (await w.eventPositions()).slice(before)

    expect(expected.length).toBeGreaterThan(4)
    expect(w.positionsAt('https://a.example/')).toEqual(expected)
    expect(w.received.map((r) => r.headers['taskport-id'])).toEqual(expected.map((p) => `${id}.${p}`))
    for (const { headers, body, at } of w.received) {
      const signed = createHmac('sha256', secret!)
        .update(`${Math.floor(at / 1_000)}.${body}`)
        .digest('hex')
      expect(headers).toEqual({
        'content-type': 'application/json',
        'taskport-id': headers['taskport-id'],
        'taskport-timestamp': String(Math.floor(at / 1_000)),
        'taskport-signature': `v1=${signed}`,
      })
      expect(JSON.parse(body)).toMatchObject({ execution: { id: execution, name: 'told', labels: { team: 'a' } } })
    }
  })

  test('tells a hook only of the kinds and labels it asked for, and of its own tenant', async () => {
    const w = await world()
    await w.set({ kinds: ['execution.state'], labels: { team: 'a' } })
    await w.set({ url: 'https://b.example/' }, OTHER)
    const wanted = await w.submit({ labels: { team: 'a', more: 'x' } })
    await w.submit({ labels: { team: 'b' } })
    await w.submit()
    await w.submit({ labels: { team: 'a' } }, OTHER)
    await w.time.advance(1_000)
    const told = w.received
      .filter((r) => r.url === 'https://a.example/')
      .map((r) => (JSON.parse(r.body) as { event: { kind: string; execution: string } }).event)

    expect(told.map((e) => [e.kind, e.execution])).toEqual(Array(told.length).fill(['execution.state', wanted]))
    expect(told.length).toBeGreaterThanOrEqual(3)
    expect(w.positionsAt('https://b.example/')).toEqual(await w.eventPositions(undefined, OTHER))
  })

  test('tries a failed delivery again with the same id and message, later and later, while others go ahead in order', async () => {
    const w = await world()
    const { id } = await w.set({ kinds: ['execution.state'] })
    const isFailing = ({ body }: Received): boolean => body.includes('"to":"running"')
    w.answer = (m) => (isFailing(m) ? new Error('connection refused') : 200)
    await w.submit()
    await w.time.advance(30 * HOUR)
    const tries = w.received.filter(isFailing)
    const gaps = tries.slice(1).map((r, i) => (r.at - tries[i]!.at) / 1_000)

    expect([...new Set(w.received.map(positionOf))]).toEqual(await w.eventPositions(['execution.state']))
    expect(w.received.length - tries.length).toBe((await w.eventPositions(['execution.state'])).length - 1)
    expect(tries.length).toBe(12)
    expect(new Set(tries.map((r) => r.headers['taskport-id'] + r.body)).size).toBe(1)
    expect(new Set(tries.map((r) => r.headers['taskport-timestamp'])).size).toBe(12)
    for (const [i, ideal] of [5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600].entries()) {
      expect(gaps[i]!).toBeGreaterThanOrEqual(ideal * 0.89)
      expect(gaps[i]!).toBeLessThanOrEqual(ideal * 1.11 + 1)
    }
    expect(w.warnings).toContain('a delivery is given up')
    expect(await w.count(DELIVERIES)).toBe(0)
    expect((await listWebhooks(w.context, TENANT)).find((h) => h.id === id)?.lastDelivery).toMatchObject({
      problem: 'connection refused',
      pendingRetries: 0,
    })
  })

  test('shows what became of the last delivery and how many wait to be tried again', async () => {
    const w = await world()
    await w.set({ kinds: ['execution.state'] })
    w.answer = () => 503
    await w.submit()
    const [shown] = await listWebhooks(w.context, TENANT)

    expect(shown!.lastDelivery).toEqual({
      at: w.time.now(),
      status: 503,
      problem: 'it answered with status 503',
      pendingRetries: await w.count(DELIVERIES),
    })
    expect(shown!.lastDelivery!.pendingRetries).toBeGreaterThan(0)
  })

  test('lets a receiver that never answers hold up only itself', async () => {
    const w = await world()
    await w.set({ url: 'https://slow.example/' })
    await w.set({ url: 'https://quick.example/' })
    w.answer = (m) => (m.url === 'https://slow.example/' ? 'hang' : 200)
    await w.submit()
    await w.time.advance(1_000)
    const all = await w.eventPositions()

    expect([w.positionsAt('https://slow.example/').length, w.positionsAt('https://quick.example/')]).toEqual([1, all])
    w.answer = () => 200
    w.releaseHanging()
    await w.time.advance(1_000)
    expect(w.positionsAt('https://slow.example/')).toEqual(all)
  })

  test('has at most 32 requests under way', async () => {
    const w = await world()
    for (let i = 0; i < 50; i++) await w.set({ url: `https://h${i}.example/`, kinds: ['execution.removed'] })
    w.answer = () => 'hang'
    const id = await w.submit()
    await w.time.advance(1_000)
    await w.engine.remove(TENANT, id)
    await settled()
    const most = w.mostUnderWay
    w.answer = () => 200
    w.releaseHanging()
    await w.time.advance(1_000)

    expect([most, w.mostUnderWay, new Set(w.received.map((r) => r.url)).size]).toEqual([32, 32, 50])
  })

  test('leaves a receiver that is down alone for minutes, then delivers everything', async () => {
    const w = await world()
    await w.set()
    w.answer = () => new Error('connection refused')
    for (let i = 0; i < 50; i++) await w.submit()
    await w.time.advance(2 * HOUR)
    const tried = w.received.length
    const [oneHourAgo] = [w.received.filter((r) => r.at > w.time.now() - HOUR).length]
    w.answer = () => 200
    w.received.splice(0)
    await w.time.advance(HOUR)
    const all = await w.eventPositions()
    const first = w.received.map(positionOf)

    expect(oneHourAgo).toBeLessThanOrEqual(2 * 13)
    expect(tried).toBeLessThan(100)
    expect(await w.count(DELIVERIES)).toBe(0)
    // Those that failed come late; the others keep their order.
    expect(new Set(first).size).toBe(first.length)
    const neverTried = all.slice(-100)
    expect(first.filter((p) => neverTried.includes(p))).toEqual(neverTried)
  })

  test.each(['drop', 'applyThenFail'] as const)(
    'loses no delivery when the server dies at any of its commits (%s); a repeated one has the same id',
    async (fate) => {
      for (let nth = 0; nth < 12; nth++) {
        const w = await world()
        await w.set()
        let left = nth
        let dead = false
        w.fate = (changes) => {
          if (dead) return 'drop'
          if (!changes.some((c) => c.kind === 'document.put' && c.collection === PROGRESS) || left-- > 0) return 'apply'
          dead = true
          return fate
        }
        const good = new Map<number, Set<string>>()
        let count = 0
        w.answer = (m) => {
          if (++count % 3 === 0) return 500
          good.set(positionOf(m), (good.get(positionOf(m)) ?? new Set()).add(m.headers['taskport-id']!))
          return 200
        }
        const died = (error: unknown): void => expect(error).toMatchObject({ code: 'unavailable' })
        await w.submit().catch(died)
        await w.submit({ plan: planOf('run:1000') }).catch(died)
        await w.time.advance(2 * HOUR)
        await w.kill()
        w.fate = () => 'apply'
        await w.boot()
        await w.time.advance(24 * HOUR)

        expect([...good.keys()].sort((a, b) => a - b)).toEqual(await w.eventPositions())
        expect([...good.values()].every((ids) => ids.size === 1)).toBe(true)
        expect(await w.count(DELIVERIES)).toBe(0)
      }
    },
  )

  test('asks the format that the hook names, and does not tell what that leaves out', async () => {
    const w = await world()
    w.formats.set('terse', ({ transition }, execution) =>
      transition.kind === 'execution.state' && transition.to === 'succeeded'
        ? { contentType: 'text/plain', body: execution!.id, headers: { 'X-Kind': 'done', 'Taskport-Id': 'forged' } }
        : undefined,
    )
    await w.set({ format: 'terse' })
    const id = await w.submit()
    await w.time.advance(1_000)

    expect(w.received.map((r) => [r.body, r.headers['content-type'], r.headers['x-kind']])).toEqual([
      [id, 'text/plain', 'done'],
    ])
    expect(w.received[0]!.headers['taskport-id']).not.toBe('forged')
  })

  test('a removed hook hears nothing more and leaves nothing behind, also with a delivery under way', async () => {
    const w = await world()
    const { id } = await w.set()
    w.answer = () => 500
    await w.submit()
    w.answer = () => 'hang'
    await w.time.advance(MINUTE)
    expect(w.underWay).toBe(1)
    await w.remove(id)
    const then = w.received.length
    w.answer = () => 200
    await w.submit()
    await w.time.advance(HOUR)

    expect([w.received.length, w.underWay]).toEqual([then, 0])
    expect([await w.count(HOOKS), await w.count(PROGRESS), await w.count(DELIVERIES)]).toEqual([0, 0, 0])
  })

  test('a removal that reaches the store before it reaches the outbox is not undone', async () => {
    const w = await world()
    const { id } = await w.set()
    await removeWebhook(w.context, TENANT, id)
    w.answer = () => 500
    await w.submit()
    await w.time.advance(MINUTE)
    const then = w.received.length
    await w.submit()
    await w.time.advance(HOUR)

    expect(w.received.length).toBe(then)
    expect([await w.count(HOOKS), await w.count(PROGRESS), await w.count(DELIVERIES)]).toEqual([0, 0, 0])
  })

  test('a hook that was not active is not told afterwards what happened meanwhile', async () => {
    const w = await world()
    const { id } = await w.set()
    await w.submit()
    await w.time.advance(1_000)
    await w.set({ id, active: false })
    await w.submit()
    await w.time.advance(1_000)
    const unheard = await w.eventPositions()
    const heard = w.received.length
    await w.set({ id, active: true, kinds: ['execution.state'] })
    await w.submit()
    await w.time.advance(1_000)

    expect(w.received.slice(heard).map(positionOf)).toEqual(
      (await w.eventPositions(['execution.state'])).filter((p) => !unheard.includes(p)),
    )
  })

  test('goes on with what is left when events were removed before it came to them', async () => {
    const w = await world()
    await w.set()
    await w.kill()
    await w.boot()
    w.answer = () => 'hang'
    await w.submit()
    await w.kill()
    await w.store.system.pruneEvents(w.time.now() + 1, 2)
    const left = await w.eventPositions()
    w.answer = () => 200
    w.received.splice(0)
    await w.boot()
    await w.time.advance(1_000)

    expect(w.received.map(positionOf).slice(0, 2)).toEqual(left)
    expect(w.warnings).toContain('events were removed before they were delivered')
  })
})
