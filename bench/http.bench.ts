/**
 * What the native face costs over the bare HTTP stack: one execution by id, and a submission, against the same stack
 * (the origin's http.Server and Fastify) answering a constant of that size. The engine is a fake that answers at once,
 * so this measures the face alone: way through the origin, authentication, checks, presenting, serializing.
 *
 * The server runs in the main thread, the client in a worker of the same process. Two ratios are given: of requests per
 * second, where the client may be what limits, and of the server thread's CPU time per request, which nothing else on
 * the machine disturbs. Run: `node bench/http.bench.ts`.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import type { Execution } from '../src/core/execution.ts'
import { allocationIdOf, asExecutionId, asNodeId, asTenant } from '../src/core/identity.ts'
import type { Engine } from '../src/engine/engine.ts'
import { CredentialTable } from '../src/faces/kit/credential-table.ts'
import type { Face } from '../src/faces/kit/face.ts'
import { openOrigin } from '../src/faces/kit/origin.ts'
import { Metrics } from '../src/faces/native/metrics.ts'
import { nativeFace } from '../src/faces/native/native-face.ts'
import { FileObjectStore } from '../src/objects/file-object-store.ts'
import { builtInProgram } from '../src/server/built-in-program.ts'
import { vaultOf } from '../src/server/vault.ts'
import { MemoryStore } from '../src/store/memory/memory-store.ts'

const ID = '019aa9c3-7f00-7000-8000-000000000001'
const CONNECTIONS = 32
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)

interface Load {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

async function main(): Promise<void> {
  const execution = finished()
  const vault = vaultOf(randomBytes(32))
  const engine = fakeEngine(execution)
  const credentials = new CredentialTable(new MemoryStore(), Date.now, vault)
  const directory = mkdtempSync(join(tmpdir(), 'taskport-bench-'))
  const context = {
    engine,
    credentials,
    publicUrl: () => '',
    links: () => '',
    log: { info: () => undefined, warn: () => undefined, error: console.error },
    auth: 'strict' as const,
    objects: await FileObjectStore.open(join(directory, 'objects')),
    directoryOf: (face: string) => join(directory, face),
    program: builtInProgram,
    deriveKey: (purpose: string) => vault.derive(purpose),
    vault,
  }
  const native = nativeFace(context, {
    version: 'bench',
    ephemeral: false,
    faces: () => ['native'],
    executors: () => [],
    ready: () => true,
    metrics: new Metrics(),
  })
  const { secret } = await credentials.firstStart('native')
  const constant = await sampleOf(native, secret)
  const origin = await openOrigin({ faces: [native, constantFace(constant)], fallback: 'native' })
  const url = await origin.listen('127.0.0.1', 0)
  const headers = { authorization: `Bearer ${secret}` }
  const json = { ...headers, 'content-type': 'application/json' }
  const body = JSON.stringify({ command: ['/bin/true'], labels: { app: 'bench' } })
  const loads = {
    'constant GET': { url: `${url}/constant`, method: 'GET', headers },
    'execution by id': { url: `${url}/taskport/v1/executions/${ID}`, method: 'GET', headers },
    'constant POST': { url: `${url}/constant`, method: 'POST', headers: json, body },
    submission: { url: `${url}/taskport/v1/executions`, method: 'POST', headers: json, body },
  } satisfies Record<string, Load>
  const rates: Record<string, number[]> = {}
  const costs: Record<string, number[]> = {}
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, load] of Object.entries(loads)) {
      const before = process.threadCpuUsage()
      const { count, rate } = await inWorker(load)
      const { user, system } = process.threadCpuUsage(before)
      rates[name] = [...(rates[name] ?? []), rate]
      costs[name] = [...(costs[name] ?? []), (user + system) / count]
    }
  const names = Object.keys(loads)
  for (const name of names)
    console.log(`${name}: ${Math.round(median(rates[name]!))}/s, ${median(costs[name]!).toFixed(0)} µs of server CPU`)
  console.log(`body: ${constant.length} bytes`)
  for (const [name, base] of [
    ['execution by id', 'constant GET'],
    ['submission', 'constant POST'],
  ] as const) {
    const rate = median(rates[name]!) / median(rates[base]!)
    const cost = median(costs[base]!) / median(costs[name]!)
    console.log(`${name} / constant: ${rate.toFixed(2)} by rate, ${cost.toFixed(2)} by CPU (wanted 0.60 for reads)`)
  }
  await origin.close()
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** One face that answers a constant on the same stack. */
function constantFace(constant: string): Face {
  return {
    name: 'constant',
    claims: [{ prefix: '/constant' }],
    mount(app) {
      const headers = { 'content-type': 'application/json; charset=utf-8' }
      app.get('/constant', (_request, reply) => reply.headers(headers).send(constant))
      app.post('/constant', (_request, reply) => reply.headers(headers).send(constant))
    },
    environment: async () => ({}),
  }
}

async function sampleOf(native: Face, token: string): Promise<string> {
  const origin = await openOrigin({ faces: [native], fallback: 'native' })
  const headers = { authorization: `Bearer ${token}` }
  const answer = await origin.app('native').inject({ url: `/taskport/v1/executions/${ID}`, headers })
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return answer.body
}

function inWorker(load: Load): Promise<Driven> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: load })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

interface Driven {
  /** All requests, those of the warm-up included. */
  readonly count: number
  /** Per second, after the warm-up. */
  readonly rate: number
}

/** Over keep-alive connections, each with one request at a time. */
async function drive(load: Load): Promise<Driven> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const warmUp = await together(load, agent, Date.now() + 300)
  const begin = performance.now()
  const count = await together(load, agent, Date.now() + SECONDS * 1_000)
  const rate = count / ((performance.now() - begin) / 1_000)
  agent.destroy()
  return { count: count + warmUp, rate }
}

async function together(load: Load, agent: Agent, until: number): Promise<number> {
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, () => hammer(load, agent, until)))
  return counts.reduce((a, b) => a + b, 0)
}

async function hammer(load: Load, agent: Agent, until: number): Promise<number> {
  let count = 0
  while (Date.now() < until) {
    await once(load, agent)
    count++
  }
  return count
}

function once({ url, method, headers, body }: Load, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = httpRequest(url, { method, headers: { ...headers, ...length }, agent }, (response) => {
      if ((response.statusCode ?? 500) >= 300) reject(new Error(`${method} ${url}: ${response.statusCode}`))
      response.resume()
      response.on('end', resolve)
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A finished no-op of one step, as the engine would hand it over. */
function finished(): Execution {
  const id = asExecutionId(ID)
  const node = asNodeId('node-1')
  const at = 1_763_765_000_000
  const reserved = { cpuUnits: 0, memoryBytes: 0 }
  const stop = { signal: 'SIGTERM', graceMs: 10_000 }
  const work = { kind: 'run', argv: ['/bin/true'], env: {} } as const
  const step = { name: 'main', group: 0, conditions: [], essential: true, endsExecution: 'onFailure', stop } as const
  return {
    id,
    tenant: asTenant('default'),
    version: 4,
    submission: {
      plan: { steps: [{ ...step, resources: {}, work }] },
      trigger: { kind: 'api' },
      principal: { id: 'admin', kind: 'operator', tenant: asTenant('default'), face: 'native', grants: ['operator'] },
      acceptedAt: at,
      priority: 0,
      ifNoRoom: 'queue',
      reservation: reserved,
      labels: { app: 'bench' },
      refs: {},
      face: 'native',
    },
    status: {
      state: 'succeeded',
      desired: 'run',
      steps: [
        {
          state: 'succeeded',
          retries: 0,
          health: 'none',
          outputs: {},
          startedAt: at + 4,
          finishedAt: at + 9,
          attempts: [
            {
              number: 1,
              epoch: 1,
              executor: 'process',
              requestedAt: at + 1,
              startedAt: at + 4,
              exitedAt: at + 9,
              exit: { outcome: 'exited', code: 0 },
              usage: { cpuMicros: 812, peakMemoryBytes: 1_572_864 },
              handle: '4711',
            },
          ],
        },
      ],
      appended: [],
      allocation: {
        id: allocationIdOf(id, 1),
        epoch: 1,
        node,
        reserved,
        ports: [],
        state: 'closed',
        openedAt: at + 1,
        closedAt: at + 9,
        executors: ['process'],
      },
      epoch: 1,
      placedAt: at + 1,
      startedAt: at + 4,
      finishedAt: at + 9,
      retries: 0,
    },
  }
}

/** Answers at once; whatever else is asked is a mistake of this benchmark. */
function fakeEngine(execution: Execution): Engine {
  const answers: Partial<Engine> = {
    now: () => Date.now(),
    execution: async () => execution,
    submit: async () => [{ kind: 'accepted', execution, repeated: false }],
    waiting: () => undefined,
  }
  return new Proxy(answers, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name) as unknown
      throw new Error(`the fake engine was asked for ${String(name)}`)
    },
  }) as Engine
}

if (parentPort) {
  parentPort.postMessage(await drive(workerData as Load))
} else await main()
