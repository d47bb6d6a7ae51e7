/**
 * The ECS face on a whole server (SQLite, fsync, real processes, signatures verified):
 *
 * - DescribeTasks of one task against the same HTTP stack answering a constant of that size (wanted: 40 %), by requests
 *   per second, where the client may be what limits, and by the server thread's CPU time per request.
 * - RunTask count=10 of a no-op against the native API's batch of ten, each until all tasks have ended (wanted: 80 %),
 *   with and without a limit on memory: a limit is a control group a task, so both sides have it or neither has.
 *
 * A round that is not counted comes first: by then the compiler has settled.
 *
 * The server runs in the main thread, the client in a worker of the same process; tasks' cells are processes of their
 * own; all share the machine's cores. The client signs one request and sends it again and again: a signature holds for
 * five minutes, and the server verifies it every time. Run: `node bench/ecs.bench.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import aws4 from 'aws4'
import type { Face } from '../src/faces/kit/face.ts'
import { firstStartOf } from '../src/faces/kit/first-start.ts'
import { openOrigin } from '../src/faces/kit/origin.ts'
import { DEFAULT_CONFIGURATION } from '../src/server/configuration.ts'
import { keyFileOf } from '../src/server/data-directory.ts'
import { FIRST_START_SPELLINGS } from '../src/server/first-start-spellings.ts'
import { serve } from '../src/server/server.ts'
import { openVault } from '../src/server/vault.ts'
import { median, sayRatio } from './engine/figure.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const READERS = 32
/** Batches of ten under way at once, and how many of them a round takes. */
const SUBMITTERS = 4
const BATCHES = Number(process.env.BENCH_BATCHES ?? 60)

interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly connections: number
  /** How long, or how often. */
  readonly until: { readonly seconds: number } | { readonly requests: number }
}

async function main(): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'taskport-ecs-bench-'))
  const server = await serve({
    ...DEFAULT_CONFIGURATION,
    port: 0,
    auth: 'strict',
    sandbox: 'off',
    logLevel: 'silent',
    dataDirectory,
  })
  try {
    const vault = openVault(keyFileOf(dataDirectory))
    const key = firstStartOf(vault, 'ecs', FIRST_START_SPELLINGS.ecs)
    const sign = signerOf(server.url, { accessKeyId: key.name, secretAccessKey: key.secret })
    const token = firstStartOf(vault, 'native').secret
    console.log(`cores: ${availableParallelism()}, node ${process.version}, sandbox off, signatures verified`)
    for (const { family, memory } of WORK)
      await call(
        server.url,
        sign('RegisterTaskDefinition', { family, containerDefinitions: [{ ...NO_OP, ...memory }] }),
      )
    await reads(server.url, sign)
    for (const work of WORK) await batches(server.url, sign, token, work)
  } finally {
    await server.stop({ endTasks: true })
    rmSync(dataDirectory, { recursive: true, force: true })
  }
}

type Sign = (operation: string, body: object) => Pick<Load, 'headers' | 'body'>

function signerOf(url: string, credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }): Sign {
  return (operation, given) => {
    const body = JSON.stringify(given)
    const headers = {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': `AmazonEC2ContainerServiceV20141113.${operation}`,
    }
    const request = {
      service: 'ecs',
      region: 'us-east-1',
      method: 'POST',
      host: new URL(url).host,
      path: '/',
      body,
      headers,
    }
    return { headers: aws4.sign(request, credentials).headers, body }
  }
}

async function call<Reply>(url: string, { headers, body }: Pick<Load, 'headers' | 'body'>): Promise<Reply> {
  const { Host: _, 'Content-Length': __, ...rest } = headers
  const answer = await fetch(url, { method: 'POST', headers: rest, body })
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as Reply
}

const NO_OP = { name: 'main', image: 'none', entryPoint: ['/bin/true'] }

/** The same no-op said to either API. */
const WORK = [
  { what: 'no-op', family: 'noop', memory: { memoryReservation: 16 }, native: { command: ['/bin/true'] } },
  {
    what: 'no-op with a limit on memory',
    family: 'limited',
    memory: { memory: 16 },
    native: { command: ['/bin/true'], memory: '16MiB' },
  },
] as const

async function reads(url: string, sign: Sign): Promise<void> {
  const { tasks } = await call<{ tasks: { taskArn: string }[] }>(url, sign('RunTask', { taskDefinition: 'noop' }))
  const describe = sign('DescribeTasks', { tasks: [tasks[0]!.taskArn] })
  let reply: { tasks: { lastStatus: string }[] }
  do reply = await call(url, describe)
  while (reply.tasks[0]!.lastStatus !== 'STOPPED')
  const constant = JSON.stringify(reply)
  const origin = await openOrigin({ faces: [constantFace(constant)], fallback: 'constant' })
  const constantUrl = await origin.listen('127.0.0.1', 0)
  const load = { ...describe, connections: READERS, until: { seconds: SECONDS } }
  const rates = { constant: [] as number[], describe: [] as number[] }
  const costs = { constant: [] as number[], describe: [] as number[] }
  for (let round = -1; round < ROUNDS; round++)
    for (const [name, at] of [
      ['constant', constantUrl],
      ['describe', url],
    ] as const) {
      const before = process.threadCpuUsage()
      const { count, rate } = await inWorker({ ...load, url: at })
      const { user, system } = process.threadCpuUsage(before)
      if (round < 0) continue
      rates[name].push(rate)
      costs[name].push((user + system) / count)
    }
  await origin.close()
  const base = { name: 'constant', value: median(rates.constant) }
  sayRatio(`DescribeTasks of one task, ${constant.length} bytes`, median(rates.describe), '/s', base, '≥ 0.40')
  const cost = { name: 'constant', value: median(costs.constant) }
  sayRatio("DescribeTasks, the server thread's CPU", median(costs.describe), 'µs', cost)
}

async function batches(url: string, sign: Sign, token: string, work: (typeof WORK)[number]): Promise<void> {
  const native = {
    url: `${url}/taskport/v1/executions:batch`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(Array.from({ length: 10 }, () => work.native)),
  }
  const ecs = { url, ...sign('RunTask', { taskDefinition: work.family, count: 10 }) }
  const common = { connections: SUBMITTERS, until: { requests: BATCHES } }
  const rates: { readonly native: number[]; readonly ecs: number[] } = { native: [], ecs: [] }
  for (let round = -1; round < ROUNDS; round++) {
    const once = {
      native: 10 * (await untilAllEnded(url, token, { ...native, ...common })),
      ecs: 10 * (await untilAllEnded(url, token, { ...ecs, ...common })),
    }
    if (round < 0) continue
    rates.native.push(once.native)
    rates.ecs.push(once.ecs)
  }
  const base = { name: 'native batch of ten', value: median(rates.native) }
  sayRatio(`RunTask count=10, ${work.what}`, median(rates.ecs), 'tasks/s', base, '≥ 0.80')
}

/** Requests per second, from the first one to the end of the last task. */
async function untilAllEnded(url: string, token: string, load: Load): Promise<number> {
  const begin = performance.now()
  await inWorker(load)
  while ((await activeTasks(url, token)) > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  return BATCHES / ((performance.now() - begin) / 1_000)
}

/** Of every tenant: the operator's metrics count them. */
async function activeTasks(url: string, token: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const text = await answer.text()
  const states = [...text.matchAll(/^taskport_executions\{state="(\w+)"\} (\d+)$/gm)]
  if (states.length === 0) throw new Error(`no counts in the metrics: ${text.slice(0, 300)}`)
  const active = ['pending', 'starting', 'running', 'stopping']
  return states.filter((m) => active.includes(m[1]!)).reduce((sum, m) => sum + Number(m[2]), 0)
}

/** The same stack answering a constant, body read as the face reads it. */
function constantFace(constant: string): Face {
  return {
    name: 'constant',
    claims: [{ prefix: '/' }],
    mount(app) {
      app.removeAllContentTypeParsers()
      app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
      app.post('/', (_request, reply) => reply.header('content-type', 'application/x-amz-json-1.1').send(constant))
    },
    environment: async () => ({}),
  }
}

interface Driven {
  readonly count: number
  /** Per second. */
  readonly rate: number
}

function inWorker(load: Load): Promise<Driven> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: load })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function drive(load: Load): Promise<Driven> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const begin = performance.now()
  let sent = 0
  let answered = 0
  const more = (): boolean =>
    'seconds' in load.until ? performance.now() - begin < load.until.seconds * 1_000 : sent < load.until.requests
  const hammer = async (): Promise<void> => {
    while (more()) {
      sent++
      await once(load, agent)
      answered++
    }
  }
  await Promise.all(Array.from({ length: load.connections }, hammer))
  agent.destroy()
  return { count: answered, rate: answered / ((performance.now() - begin) / 1_000) }
}

function once({ url, headers, body }: Load, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const request = httpRequest(url, { method: 'POST', headers: { ...headers, ...length }, agent }, (response) => {
      if ((response.statusCode ?? 500) >= 300) reject(new Error(`${url}: ${response.statusCode}`))
      response.resume()
      response.on('end', resolve)
    })
    request.on('error', reject)
    request.end(body)
  })
}

if (parentPort) parentPort.postMessage(await drive(workerData as Load))
else await main()
