/** Schedules and webhooks on a real clock, a real database and real sockets, over a restart. */
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DEFAULTS } from '../../src/engine/context.ts'
import type { RunningEngine } from '../../src/engine/create-engine.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { ExecutorSet } from '../../src/engine/executor-set.ts'
import { deactivateTask, registerTask } from '../../src/engine/tasks.ts'
import { setWebhook } from '../../src/engine/webhooks.ts'
import { ScriptedExecutor } from '../../src/executors/scripted/scripted-executor.ts'
import { ScriptedWorld } from '../../src/executors/scripted/scripted-world.ts'
import { MemoryLogStore } from '../../src/logs/memory-log-store.ts'
import { httpDeliver } from '../../src/server/http-deliver.ts'
import { systemAlarms, systemClock } from '../../src/server/system-clock.ts'
import { uuidIds } from '../../src/server/uuid-ids.ts'
import { vaultOf } from '../../src/server/vault.ts'
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { planOf, TENANT } from '../support/engine-world.ts'

const MACHINE = {
  name: 'one',
  capacity: { cpuUnits: 4096, memoryBytes: 4096, portRange: [40_000, 40_100], reservedPorts: [], slots: 100 },
  attributes: {},
} as const
const KINDS = ['execution.state']

interface Life {
  readonly running: RunningEngine
  readonly store: SqliteStore
}

let directory: string
let server: Server

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskport-webhooks-'))
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(directory, { recursive: true })
})

async function begin(programs: ScriptedWorld): Promise<Life> {
  const store = await openSqliteStore({ directory })
  const running = createEngine({
    store,
    logs: new MemoryLogStore({ now: () => Date.now() * 1_000 }),
    executors: new ExecutorSet([new ScriptedExecutor(programs)]),
    clock: systemClock,
    alarms: systemAlarms,
    ids: uuidIds,
    chance: { next: Math.random },
    secrets: { resolve: async () => undefined },
    vault: vaultOf(new Uint8Array(32)),
    reactors: [],
    deliver: httpDeliver({ allowAddresses: ['127.0.0.1'] }),
    formats: new Map(),
    defaults: DEFAULTS,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  })
  await running.start(MACHINE)
  return { running, store }
}

async function end({ running, store }: Life): Promise<void> {
  await running.stop({ endTasks: false })
  await store.close()
}

async function until(test: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const limit = Date.now() + limitMs
  while (!(await test())) {
    if (Date.now() > limit) throw new Error(`not so after ${limitMs} ms: ${test}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function eventPositions(store: SqliteStore): Promise<readonly number[]> {
  return (await store.events(TENANT, undefined, { kinds: KINDS }, 10_000)).events.map((e) => e.position)
}

test('every second runs once and every transition is delivered, over a restart and failing answers', async () => {
  const received = new Map<string, { position: number; times: number; signed: boolean }>()
  const answered = new Set<number>()
  let secret = ''
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { 'taskport-id': id, 'taskport-timestamp': at, 'taskport-signature': signature } = request.headers
    const { position } = (JSON.parse(body) as { event: { position: number } }).event
    const times = (received.get(String(id))?.times ?? 0) + 1
    const signed = signature === `v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`
    received.set(String(id), { position, times, signed })
    const good = times > 1 || received.size % 4 !== 0
    if (good) answered.add(position)
    response.writeHead(good ? 200 : 500).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const programs = new ScriptedWorld(systemClock, systemAlarms)

  const first = await begin(programs)
  const { context } = first.running
  secret = (await setWebhook(context, new Map(), TENANT, { url, kinds: KINDS })).secret!
  const schedule = { cron: '* * * * * *', timezone: 'UTC', overlap: 'allow', catchUp: 'all' } as const
  await registerTask(context, TENANT, 'tick', { plan: planOf(), schedule })
  await end(first)

  const second = await begin(programs)
  await until(() => answered.size >= 6)
  await end(second)

  const third = await begin(programs)
  const before = (await third.store.executions(TENANT, {}, { limit: 100 })).items.length
  await until(async () => (await third.store.executions(TENANT, {}, { limit: 100 })).items.length >= before + 2)
  await deactivateTask(third.running.context, TENANT, 'tick')
  await until(async () => {
    const wanted = await eventPositions(third.store)
    return third.running.context.roster.size === 0 && wanted.every((p) => answered.has(p))
  })
  const keys = await third.store.documents(TENANT, 'taskport/idempotency', { limit: 1_000 })
  const seconds = keys.items.map((d) => Number(d.key.split('/').at(-1)) / 1_000).sort((a, b) => a - b)
  const runs = (await third.store.executions(TENANT, {}, { limit: 100 })).items
  await end(third)

  expect(seconds).toEqual(seconds.map((_, i) => seconds[0]! + i))
  expect(runs.map((e) => e.status.state)).toEqual(seconds.map(() => 'succeeded'))
  expect([...received.values()].filter((r) => !r.signed)).toEqual([])
  expect(new Set([...received.values()].map((r) => r.position)).size).toBe(received.size)
})
