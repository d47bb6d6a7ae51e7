/**
 * The Cloud Foundry face on a whole server (SQLite, fsync, tokens verified): a task by its guid and a page of 50, against
 * the same HTTP stack in a process of its own answering a constant of that size; and what `cf tasks` and `cf logs` cost
 * on an app with very many tasks. The programs are scripted no-ops: nothing here measures them. By turns, median of
 * rounds. `BENCH_REQUESTS` (4,000), `BENCH_ROUNDS` (3), `BENCH_TASKS` (50,000).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clientEnvironment } from '../src/server/environment.ts'
import { BenchServer } from './engine/bench-server.ts'
import { median, say, sayRatio } from './engine/figure.ts'
import { RawClient } from './engine/raw-client.ts'

const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 4_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const TASKS = Number(process.env.BENCH_TASKS ?? 50_000)
const CONNECTIONS = 32
const LOOK_MS = 50
/** What ended before this is old news, ms. */
const SETTLED_MS = 3_000
/** What the cf CLI asks for a page of. */
const PER_PAGE = 5_000

type Named = { readonly guid: string }

async function constantServer(bytes: number): Promise<{ readonly url: string; end(): void }> {
  const program = fileURLToPath(new URL('./engine/constant-server.ts', import.meta.url))
  const child = spawn(process.execPath, [program, String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: text.toString().trim(), end: () => child.kill() }
}

async function login(server: BenchServer): Promise<Readonly<Record<string, string>>> {
  const variables = await clientEnvironment({ url: server.url, dataDirectory: server.dataDirectory })
  const form = { grant_type: 'password', username: variables.CF_USERNAME!, password: variables.CF_PASSWORD! }
  const answer = await fetch(`${server.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token } = (await answer.json()) as { access_token: string }
  return { authorization: `bearer ${access_token}` }
}

/** An app whose droplet is an image: needs no staging. */
async function makeApp(client: RawClient): Promise<string> {
  const { resources } = await client.json<{ resources: readonly Named[] }>('GET', '/v3/spaces')
  const space = { data: { guid: resources[0]!.guid } }
  const lifecycle = { type: 'docker', data: {} }
  const app = await client.json<Named>('POST', '/v3/apps', { name: 'many', lifecycle, relationships: { space } })
  const relationships = { app: { data: { guid: app.guid } } }
  const data = { image: 'none' }
  const made = await client.json<Named>('POST', '/v3/packages', { type: 'docker', data, relationships })
  const build = await client.json<{ droplet: Named }>('POST', '/v3/builds', { package: { guid: made.guid } })
  await client.json('PATCH', `/v3/apps/${app.guid}/relationships/current_droplet`, {
    data: { guid: build.droplet.guid },
  })
  return app.guid
}

async function compare(
  name: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  path: string,
): Promise<void> {
  const ours = new RawClient(url, headers, CONNECTIONS)
  const asked = ours.request('GET', path)
  const bytes = (await ours.send(asked)).body.length
  const constant = await constantServer(bytes)
  const base = new RawClient(constant.url, headers, CONNECTIONS)
  const known = base.request('GET', '/taskport/v1/executions/x')
  const rates: { readonly ours: number; readonly base: number }[] = []
  for (let i = -1; i < ROUNDS; i++) {
    const rate = {
      base: REQUESTS / (await base.times(REQUESTS, known)),
      ours: REQUESTS / (await ours.times(REQUESTS, asked)),
    }
    // The first round warms both up.
    if (i >= 0) rates.push(rate)
  }
  for (const client of [ours, base]) client.end()
  constant.end()
  const value = median(rates.map((r) => r.base))
  sayRatio(name, median(rates.map((r) => r.ours)), '/s', { name: `the stack, ${bytes} bytes`, value }, '≥ 0.4')
}

/** Of several tries, ms. */
async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const began = performance.now()
    await work()
    times.push(performance.now() - began)
  }
  return median(times)
}

/** Every page, as the CLI goes through them. */
async function allPages(client: RawClient, app: string): Promise<number> {
  interface List {
    readonly pagination: { readonly next: { readonly href: string } | null }
    readonly resources: readonly object[]
  }
  let seen = 0
  for (let path: string | undefined = `/v3/apps/${app}/tasks?per_page=${PER_PAGE}`; path !== undefined; ) {
    const page: List = await client.json<List>('GET', path)
    seen += page.resources.length
    const next = page.pagination.next && new URL(page.pagination.next.href)
    path = next ? next.pathname + next.search : undefined
  }
  return seen
}

const lastSecond = (): string => `${new Date(Date.now() - 1_000).toISOString().slice(0, 19)}Z`

async function countOf(client: RawClient, states: string): Promise<number> {
  const path = `/v3/tasks?per_page=1&states=${states}`
  return (await client.json<{ pagination: { total_results: number } }>('GET', path)).pagination.total_results
}

async function manyTasks(server: BenchServer, client: RawClient, app: string): Promise<void> {
  const seeding = new RawClient(server.url, await login(server), 64)
  const task = seeding.request(
    'POST',
    `/v3/apps/${app}/tasks`,
    JSON.stringify({ command: 'true', name: 'one-of-many', memory_in_mb: 1 }),
  )
  await seeding.times(TASKS - 1, task)
  seeding.end()
  while ((await countOf(client, 'PENDING,RUNNING')) > 0) await sleep(LOOK_MS)
  const listed = await allPages(client, app)
  if (listed !== TASKS) throw new Error(`${listed} of ${TASKS} tasks were listed`)
  const count = TASKS.toLocaleString('en')
  const took = (figure: string, ms: number, wanted?: string): void =>
    say({ figure: `${figure}, ${count} tasks`, value: ms, unit: 'ms', ...(wanted !== undefined && { wanted }) })
  const ask = (path: string) => () => client.send(client.request('GET', path))
  took('`cf tasks`: all pages', await medianMs(() => allPages(client, app)))
  took('a page of 50', await medianMs(ask(`/v3/apps/${app}/tasks`)), '≤ 50')
  took('`cf terminate-task`: by sequence id', await medianMs(ask(`/v3/apps/${app}/tasks?sequence_ids=7`)), '≤ 50')
  took('running ones', await medianMs(ask(`/v3/apps/${app}/tasks?states=RUNNING`)), '≤ 50')
  took('by a label', await medianMs(ask(`/v3/apps/${app}/tasks?label_selector=a%3Db`)), '≤ 50')
  took('of the last second', await medianMs(ask(`/v3/apps/${app}/tasks?created_ats[gt]=${lastSecond()}`)), '≤ 50')
  await sleep(SETTLED_MS)
  const now = `${Date.now()}000000`
  took('`cf logs`: one look for news', await medianMs(ask(`/api/v1/read/${app}?start_time=${now}`)), '≤ 50')
  const recent = `/api/v1/read/${app}?descending=true&limit=1000`
  took('`cf logs --recent`', await medianMs(ask(recent)))
}

const server = await BenchServer.start({ flags: ['--executor', 'scripted'] })
try {
  const headers = await login(server)
  const client = new RawClient(server.url, headers, 1)
  const app = await makeApp(client)
  const path = `/v3/apps/${app}/tasks`
  const task = await client.json<Named>('POST', path, { command: 'true', name: 'one-of-many' })
  await compare('GET /v3/tasks/:guid', server.url, headers, `/v3/tasks/${task.guid}`)
  await manyTasks(server, client, app)
  await compare('GET /v3/apps/:guid/tasks, a page of 50', server.url, headers, path)
  client.end()
} finally {
  await server.end()
}
