/**
 * Tenants are isolated: whatever one does to what another has — any operation of the contract, in any order, with any
 * of the other's names and ids — it never succeeds, never shows and never changes anything of the other's.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contract, type OperationId } from '../../src/faces/native/contract/contract.ts'
import { Executions, shell } from '../support/executions.ts'
import type { Asked, Got, NativeClient } from '../support/native-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'

/** What the owner has. Every text of it begins with a word that the stranger's own things never hold. */
const MARK = 'owners-'
interface Owned {
  readonly executions: readonly string[]
  readonly attempt: string
  readonly task: string
  readonly secret: string
  readonly node: string
  readonly webhook: string
}
/** The request, in the shape of its operation. */
type Attack = (owned: Owned, execution: string) => object

let server: ServerProcess
let owner: NativeClient
let stranger: NativeClient
let owned: Owned
beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--sandbox', 'off'] })
  owner = await server.clientOf('owner')
  stranger = await server.clientOf('stranger')
  owned = await prepare()
})
afterAll(() => server.end())

async function prepare(): Promise<Owned> {
  const executions = new Executions(() => owner)
  const labels = { [`${MARK}label`]: `${MARK}value` }
  const task = `${MARK}task`
  const secret = `${MARK}secret`
  await owner.call('putTask', {
    params: { name: task },
    body: { command: ['/bin/true'], schedule: { cron: '@yearly' } },
  })
  await owner.call('putSecret', { params: { name: secret }, body: { value: `${MARK}value-of-secret` } })
  const node = (await owner.call('registerNode', { body: { name: `${MARK}node`, cpu: 1, memory: '64M', slots: 1 } }))
    .body.id
  const webhook = (await owner.call('createWebhook', { body: { url: `https://${MARK}hook.example/`, active: false } }))
    .body.id
  const final = await executions.run({ name: `${MARK}final`, labels, command: shell(`echo ${MARK}line`) })
  const running = await executions.submit({
    name: `${MARK}running`,
    labels,
    key: `${MARK}key`,
    command: ['/bin/sleep', '600'],
  })
  const pending = await executions.submit({ name: `${MARK}pending`, command: ['/bin/true'], cpu: 4_000 })
  await executions.untilState(running, 'running')
  await executions.until(pending, 'waiting', (e) => e.waiting !== undefined)
  return { executions: [final.id, running, pending], attempt: `${running}:0:1`, task, secret, node, webhook }
}

const ofExecution: Attack = (_, id) => ({ params: { id } })
const ofStep: Attack = (_, id) => ({ params: { id, step: 'main' } })
const ofAttempt =
  (body: object): Attack =>
  (o) => ({ params: { attempt: o.attempt }, body })
const ofTask: Attack = (o) => ({ params: { name: o.task } })
const ofNode: Attack = (o) => ({ params: { id: o.node } })
const ofWebhook = { url: 'https://elsewhere.example/' }

/** Operations on one thing of the owner's: they must fail. */
const aimed: Partial<Record<OperationId, Attack>> = {
  getExecution: ofExecution,
  getPlan: ofExecution,
  stopExecution: ofExecution,
  retryExecution: ofExecution,
  deleteExecution: ofExecution,
  waitExecution: (_, id) => ({ params: { id }, query: { timeout: '1ms' } }),
  listExecutionEvents: ofExecution,
  getLog: ofExecution,
  getStepLog: ofStep,
  setLabels: (_, id) => ({ params: { id }, body: { set: { stolen: 'yes' } } }),
  getExecutionLog: (_, id) => ({ params: { id } }),
  execInStep: (_, id) => ({ params: { id, step: 'main' }, body: { run: ['/bin/true'] } }),
  getStepStats: ofStep,
  publishOutputs: ofAttempt({ outputs: { a: '1' } }),
  reportProgress: ofAttempt({ percent: 1 }),
  appendSteps: ofAttempt({ steps: [{ name: 'x', run: ['/bin/true'] }] }),
  getTask: ofTask,
  deleteTask: ofTask,
  getNode: ofNode,
  drainNode: ofNode,
  activateNode: ofNode,
  setNodeAttributes: (o) => ({ params: { id: o.node }, body: { set: { stolen: 'yes' } } }),
  deregisterNode: (o) => ({ params: { id: o.node }, query: { force: true } }),
  deleteSecret: (o) => ({ params: { name: o.secret } }),
  putWebhook: (o) => ({ params: { id: o.webhook }, body: ofWebhook }),
  deleteWebhook: (o) => ({ params: { id: o.webhook } }),
  createToken: () => ({ body: { face: 'native', tenant: 'owner' } }),
  listTokens: () => ({}),
  deleteToken: () => ({ params: { id: 'any' } }),
  holdDispatch: () => ({}),
  resumeDispatch: () => ({}),
  reset: () => ({}),
}

/** Operations that look over everything: they must show nothing of the owner's. */
const wide: Partial<Record<OperationId, Attack>> = {
  listExecutions: () => ({ query: { limit: 100 } }),
  countExecutions: () => ({}),
  listEvents: () => ({ query: { limit: 1000 } }),
  listTasks: () => ({}),
  listTaskRevisions: ofTask,
  listSchedules: () => ({}),
  listNodes: () => ({}),
  listSecrets: () => ({}),
  listWebhooks: () => ({}),
  getInfo: () => ({}),
}

/** Operations by which the stranger makes things of its own, under names that the owner uses too. */
const making: Partial<Record<OperationId, Attack>> = {
  submitExecution: () => ({ body: { command: ['/bin/true'] } }),
  submitBatch: () => ({ body: [{ command: ['/bin/true'] }] }),
  putTask: () => ({ params: { name: 'mine' }, body: { command: ['/bin/true'] } }),
  registerNode: () => ({ body: { name: 'mine', cpu: 1, memory: '1M' } }),
  putSecret: () => ({ params: { name: 'mine' }, body: { value: 'mine' } }),
  deleteShared: () => ({ query: { source: 'mine' } }),
  createWebhook: () => ({ body: { url: 'https://mine.example/', active: false } }),
}

const attacks = { ...aimed, ...wide, ...making }
const idsOf = (table: object): OperationId[] => Object.keys(table) as OperationId[]

/** Everything the owner can see of its own, as it stands. */
async function view(): Promise<string> {
  const answers: Got[] = []
  const events: string[] = []
  for (const id of owned.executions) {
    answers.push(await owner.call('getExecution', { params: { id } }))
    // Without the cursor, which moves with everybody's events.
    events.push(JSON.stringify((await owner.call('listExecutionEvents', { params: { id } })).body.items))
  }
  for (const id of ['listTasks', 'listSecrets', 'listWebhooks', 'listSchedules', 'countExecutions'] as const)
    answers.push(await owner.call(id))
  answers.push(await owner.call('getNode', { params: { id: owned.node } }))
  return [...answers.map((a) => a.text), ...events].join('\n')
}

const revealing = (text: string): boolean =>
  text.includes(MARK) || [...owned.executions, owned.node, owned.webhook].some((id) => text.includes(id))

describe('a stranger', () => {
  test('is tried with every operation of the contract', () => {
    expect(idsOf(attacks).toSorted()).toEqual(idsOf(contract).toSorted())
  })

  test('in any order of operations: nothing succeeds, nothing shows, nothing changes', async () => {
    const before = await view()
    const step = fc.record({
      operation: fc.constantFrom(...idsOf(attacks)),
      execution: fc.constantFrom(...owned.executions),
      asOwner: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        for (const { operation, execution, asOwner } of steps) {
          const headers = asOwner ? { 'taskport-tenant': 'owner' } : {}
          const asked = attacks[operation]!(owned, execution) as Asked<OperationId>
          const { status, text } = await stranger.call(operation, { ...asked, headers })
          if (asOwner) expect([operation, status]).toEqual([operation, 403])
          if (operation in aimed) expect([403, 404], `${operation}: ${status} ${text}`).toContain(status)
          if (!(operation in aimed) || status !== 404) expect(revealing(text), `${operation}: ${text}`).toBe(false)
        }
      }),
      { numRuns: 60 },
    )
    expect(await view()).toBe(before)
  })

  test('cannot reach the owner’s things through its own executions', async () => {
    const own = new Executions(() => stranger)
    const task = await stranger.call('submitExecution', { body: { task: owned.task } })
    expect(task.status).toBe(404)
    const secret = await own.run({ command: ['/bin/true'], env: { S: { secret: owned.secret } } })
    expect(secret).toMatchObject({ state: 'failed', reason: { code: 'secret_missing' } })
    const waits = await own.run({ steps: [{ name: 'w', await: { key: `${MARK}key`, until: 'running' } }] })
    expect(waits).toMatchObject({ state: 'failed', reason: { code: 'awaited_failed' } })
    const placed = await own.submit({ command: ['/bin/true'], placement: { node: owned.node } })
    await own.until(placed, 'waiting', (e) => e.waiting?.reason.code === 'no_eligible_node')
    await own.stop(placed)
  })

  test('shares names without sharing things', async () => {
    await stranger.call('putSecret', { params: { name: owned.secret }, body: { value: 'another' } })
    await stranger.call('putTask', {
      params: { name: owned.task },
      body: { command: shell('echo "$S"'), env: { S: { secret: owned.secret } } },
    })
    const own = new Executions(() => stranger)
    expect(await own.log((await own.run({ task: owned.task })).id)).toBe('another\n')
    await stranger.call('deleteSecret', { params: { name: owned.secret } })
    await stranger.call('deleteTask', { params: { name: owned.task } })
    const executions = new Executions(() => owner)
    const done = await executions.run({ command: shell('echo "$S"'), env: { S: { secret: owned.secret } } })
    expect(await executions.log(done.id)).toBe(`${MARK}value-of-secret\n`)
    expect((await owner.call('getTask', { params: { name: owned.task } })).body.state).toBe('active')
  })

  test('hears nothing: a stream of all events carries its own only', async () => {
    const stop = new AbortController()
    const stream = await stranger.open('listEvents', { headers: { accept: 'text/event-stream' }, signal: stop.signal })
    let heard = ''
    const reading = (async () => {
      for await (const chunk of stream.body!) heard += Buffer.from(chunk as Uint8Array).toString()
    })().catch(() => undefined)
    const theirs = await new Executions(() => owner).run({ name: `${MARK}loud`, command: ['/bin/true'] })
    const mine = await new Executions(() => stranger).run({ command: ['/bin/true'] })
    await eventually('its own are heard', () => heard.includes(mine.id) && heard.includes('succeeded'))
    stop.abort()
    await reading
    expect(heard).not.toContain(theirs.id)
  })

  test('a program’s token reaches its own attempt and no other’s', async () => {
    const script = 'echo "$TASKPORT_TOKEN"; exec sleep 600'
    const own = new Executions(() => stranger)
    const id = await own.submit({ command: shell(script) })
    const token = await eventually('it told its token', async () => (await own.log(id)).trim() || undefined)
    const inside = async (attempt: string): Promise<number> => {
      const answer = await fetch(`${server.url}/taskport/v1/attempts/${attempt}/progress`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ percent: 50 }),
      })
      return answer.status
    }
    expect(await inside(`${id}:0:1`)).toBe(204)
    expect((await own.get(id)).steps[0]).toMatchObject({ progress: { percent: 50 } })
    expect(await inside(owned.attempt)).toBe(403)
    const read = await fetch(`${server.url}/taskport/v1/executions/${id}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(read.status).toBe(403)
    await own.stop(id)
    await own.final(id)
    expect(await inside(`${id}:0:1`)).toBeGreaterThanOrEqual(400)
  })
})
