/** What users do, over real HTTP against a real engine with scripted programs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventsOf } from '../../../test/support/event-stream.ts'
import type { FaceWorld } from '../../../test/support/face-world.ts'
import { openFaceWorld } from '../../../test/support/face-world.ts'
import { NativeClient } from '../../../test/support/native-client.ts'

let world: FaceWorld
let api: NativeClient
beforeAll(async () => {
  world = await openFaceWorld()
  api = new NativeClient(world.url, world.operator)
})
afterAll(async () => {
  await world.close()
  expect(world.faults).toEqual([])
})

const final = (id: string) => api.call('waitExecution', { params: { id }, query: { timeout: '10s' } })
const submitted = async (body: Parameters<typeof api.call<'submitExecution'>>[1]) => {
  const { status, body: execution } = await api.call('submitExecution', body)
  expect(status).toBe(201)
  return execution
}

describe('an execution', () => {
  test('runs to its end: state, reason, exit code, attempts and times are true', async () => {
    const { id, reason } = await submitted({ body: { command: ['x', 'print:hello', 'exit:3'], name: 'hello' } })
    expect(reason).toBeNull()
    const { body } = await final(id)
    expect(body).toMatchObject({ id, name: 'hello', state: 'failed', exitCode: 3, reason: { code: 'exit_code' } })
    expect(body.steps[0]).toMatchObject({ name: 'main', state: 'failed', exitCode: 3 })
    expect(body.steps[0].attempts).toMatchObject([{ number: 1, exit: { outcome: 'exited', code: 3 }, exitCode: 3 }])
    expect(body.acceptedAt <= body.startedAt && body.startedAt <= body.finishedAt).toBe(true)
    expect((await api.call('getExecution', { params: { id } })).body).toEqual(body)
  })

  test('one that failed by a step without a code has none: the others’ 0 is not its own', async () => {
    const steps = [
      { name: 'well', run: ['x'] },
      { name: 'refused', run: ['x', 'refuse:no_such_program'], needs: ['well'] },
    ]
    const { id } = await submitted({ body: { steps } })
    const { body } = await final(id)
    expect(body).toMatchObject({ state: 'failed', steps: [{ exitCode: 0 }, { state: 'failed' }] })
    expect(body).not.toHaveProperty('exitCode')
  })

  test('a graph runs in its order, hands outputs on, and one that is retried is linked to the first', async () => {
    const steps = [
      { name: 'build', run: ['x', 'output:version=7'] },
      { name: 'test', run: ['x'], needs: ['build'], env: { VERSION: { output: 'build.version' } } },
      { name: 'note', run: ['x'], needs: [{ step: 'test', until: 'completed' as const }], essential: false },
    ]
    const { id } = await submitted({ body: { steps } })
    const { body } = await final(id)
    expect(body).toMatchObject({ state: 'succeeded', exitCode: 0, steps: [{ outputs: { version: '7' } }, {}, {}] })
    const retried = await api.call('retryExecution', { params: { id } })
    expect(retried.body.trigger).toEqual({ kind: 'retry', source: id })
    expect((await final(retried.body.id)).body.state).toBe('succeeded')
  })

  test('a step that was appended from inside runs, and its end may end the execution', async () => {
    const { id } = await submitted({
      body: { steps: [{ name: 'main', run: ['x', 'hang', 'stop-exit:0'], appends: true }] },
    })
    await api.call('waitExecution', { params: { id }, query: { until: 'running' } })
    const inside = new NativeClient(world.url, world.taskToken('default', `${id}:0:1`))
    const more = { steps: [{ name: 'more', run: ['x', 'output:a=1'], endsExecution: 'onExit' as const }] }
    await inside.call('appendSteps', { params: { attempt: `${id}:0:1` }, body: more })
    const { status, body } = await final(id)
    expect(status).toBe(200)
    expect(body.stopCause.kind).toBe('essentialExit')
    expect(body.steps).toMatchObject([{ name: 'main' }, { name: 'more', state: 'succeeded', outputs: { a: '1' } }])
  })

  test('stop ends it with the user’s words, and stopping a final one changes nothing', async () => {
    const { id } = await submitted({ body: { command: ['x', 'hang'] } })
    await api.call('waitExecution', { params: { id }, query: { until: 'running' } })
    await api.call('stopExecution', { params: { id }, body: { message: 'enough' } })
    const { body } = await final(id)
    expect(body).toMatchObject({ state: 'cancelled', stopCause: { kind: 'user', by: 'admin' } })
    expect(body.stopCause.reason.message).toContain('enough')
    expect((await api.call('stopExecution', { params: { id } })).body).toEqual(body)
  })

  test('waiting ends in time with 202, and an active one cannot be deleted, a final one can', async () => {
    const { id } = await submitted({ body: { command: ['x', 'hang'] } })
    expect((await api.call('waitExecution', { params: { id }, query: { timeout: '20ms' } })).status).toBe(202)
    expect((await api.call('deleteExecution', { params: { id } })).status).toBe(409)
    await api.call('stopExecution', { params: { id } })
    await final(id)
    expect((await api.call('deleteExecution', { params: { id } })).status).toBe(204)
    expect((await api.call('getExecution', { params: { id } })).status).toBe(404)
  })

  test('the same idempotency key and body give the same execution, another body a conflict that names it', async () => {
    const headers = { 'idempotency-key': 'k1' }
    const first = await submitted({ body: { command: ['x'], labels: { a: '1', b: '2' } }, headers })
    const again = await api.call('submitExecution', { body: { labels: { b: '2', a: '1' }, command: ['x'] }, headers })
    expect([again.status, again.body.id]).toEqual([200, first.id])
    const other = await api.call('submitExecution', { body: { command: ['y'] }, headers })
    expect([other.status, other.body.executions]).toEqual([409, [first.id]])
  })

  test('what finds no room is refused with every node’s shortfall, or waits and says for what', async () => {
    const big = { command: ['x'], memory: '1T' }
    const refused = await api.call('submitExecution', { body: { ...big, ifNoRoom: 'refuse' } })
    expect(refused.body).toMatchObject({ status: 409, shortfalls: [{ lacks: 'memory' }] })
    const { id } = await submitted({ body: big })
    const waiting = await api.call('getExecution', { params: { id } })
    expect(waiting.body).toMatchObject({ state: 'pending', waiting: { reason: { message: expect.any(String) } } })
    await api.call('stopExecution', { params: { id } })
    expect((await final(id)).body.state).toBe('cancelled')
  })

  test('a batch is accepted item by item in the order asked', async () => {
    const item = (memory: string) => ({ command: ['x'], memory, ifNoRoom: 'refuse' as const })
    const { body } = await api.call('submitBatch', { body: [item('1M'), item('1T'), item('1M')] })
    expect(body.results.map((r: object) => Object.keys(r))).toEqual([['execution'], ['refused'], ['execution']])
  })

  test('a list pages through everything once, newest first, and its cursor watches from there', async () => {
    const label = { run: 'paging' }
    for (let i = 0; i < 5; i++) await final((await submitted({ body: { command: ['x'], labels: label } })).id)
    const ids: string[] = []
    let cursor: string | undefined
    let watch = ''
    do {
      const query = { limit: 2, label: 'run=paging', state: ['succeeded', 'failed'], ...(cursor && { cursor }) }
      const { body } = await api.call('listExecutions', { query })
      ids.push(...body.items.map((e: { id: string }) => e.id))
      cursor = body.next
      watch = body.watch
    } while (cursor)
    const { next } = (await api.call('listExecutions', { query: { limit: 1, label: 'run=paging' } })).body
    for (const query of [{ cursor: next }, { cursor: next, label: 'run=other' }, { cursor: 'nonsense' }])
      expect((await api.call('listExecutions', { query })).body).toMatchObject({ status: 400, field: 'cursor' })
    expect(ids).toEqual([...ids].sort().reverse())
    expect(new Set(ids).size).toBe(5)
    expect((await api.call('listEvents', { query: { after: watch } })).body.items).toEqual([])
    const { id } = await submitted({ body: { command: ['x'] } })
    const { body } = await api.call('listEvents', { query: { after: watch, execution: id } })
    expect(body.items[0]).toMatchObject({ execution: id, kind: 'execution.state', to: 'pending' })
  })
})

describe('following', () => {
  test('events: a stream from a cursor shows each transition once and resumes after its last id', async () => {
    const { body: list } = await api.call('listExecutions')
    const { id } = await submitted({ body: { command: ['x'] } })
    await final(id)
    const all = await api.call('listExecutionEvents', { params: { id }, query: { after: list.watch } })
    const stop = new AbortController()
    const seen: number[] = []
    let last = ''
    const stream = (headers: Record<string, string>) =>
      api.open('listExecutionEvents', {
        params: { id },
        query: { after: list.watch },
        headers: { accept: 'text/event-stream', ...headers },
        signal: stop.signal,
      })
    for await (const { id: at, data } of eventsOf(await stream({}))) {
      seen.push(data.position)
      if (at !== undefined) last = at
      if (data.kind === 'execution.state' && data.to === 'succeeded') break
    }
    expect(seen).toEqual(all.body.items.map((e: { position: number }) => e.position))
    expect(last).not.toBe('')
    const removed = stream({ 'last-event-id': last })
    await api.call('deleteExecution', { params: { id } })
    for await (const { data } of eventsOf(await removed)) {
      expect(seen).not.toContain(data.position)
      expect(data.kind).toBe('execution.removed')
      break
    }
    stop.abort()
  })

  test('events begin at a time, or so long ago, in a page and in a stream', async () => {
    const { id: before } = await submitted({ body: { command: ['x'] } })
    await final(before)
    await new Promise((resolve) => setTimeout(resolve, 2))
    const since = new Date().toISOString()
    const { id } = await submitted({ body: { command: ['x'] } })
    await final(id)
    const { body } = await api.call('listEvents', { query: { since, limit: 1_000 } })
    expect(new Set(body.items.map((e: { execution: string }) => e.execution))).toEqual(new Set([id]))
    const { body: hour } = await api.call('listEvents', { query: { since: '1h', limit: 1_000 } })
    expect(hour.items.length).toBeGreaterThan(body.items.length)
    const { body: whole } = await api.call('listEvents', { query: { since: '1h', after: body.cursor } })
    expect(whole).toMatchObject({ status: 400, field: 'since' })
    expect((await api.call('listEvents', { query: { since: 'yesterday' } })).body).toMatchObject({ field: 'since' })
  })

  test('an expired or foreign cursor is 410, in a page and before a stream begins', async () => {
    const query = { after: 'bm9uc2Vuc2U' }
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await api.open('listEvents', { query, headers: { accept } })
      expect([response.status, ((await response.json()) as { type: string }).type]).toEqual([
        410,
        'urn:taskport:problem:cursor-expired',
      ])
    }
  })

  test('logs: pages, text, and a stream over all attempts that resumes at any line', async () => {
    const command = ['x', 'print:one', 'print:two', 'fail-first:1']
    const { id } = await submitted({ body: { command, retry: { limit: 1, backoff: { initial: '0s' } } } })
    expect((await final(id)).body.state).toBe('succeeded')
    const params = { id, step: 'main' }
    const page = await api.call('getStepLog', { params, query: { attempt: 1, last: 1 } })
    expect(page.body).toMatchObject({ attempt: `${id}:0:1`, lines: [{ seq: 1, text: 'two' }], next: 2, end: true })
    expect((await api.call('getLog', { params: { id }, query: { format: 'text' } })).text).toBe('one\ntwo\n')
    const stream = async (headers: Record<string, string>) => {
      const lines: string[] = []
      const ids: string[] = []
      const response = await api.open('getLog', {
        params: { id },
        headers: { accept: 'text/event-stream', ...headers },
      })
      for await (const received of eventsOf(response)) {
        if (received.event === 'end') return { lines, ids }
        lines.push(`${received.data.attempt}/${received.data.text}`)
        ids.push(received.id ?? '')
      }
      throw new Error('the stream ended without saying so')
    }
    const whole = await stream({})
    expect(whole.lines).toEqual([`${id}:0:1/one`, `${id}:0:1/two`, `${id}:0:2/one`, `${id}:0:2/two`])
    for (const [i, at] of whole.ids.entries())
      expect((await stream({ 'last-event-id': at })).lines).toEqual(whole.lines.slice(i + 1))
    const text = await api.open('getLog', { params: { id }, query: { follow: true, format: 'text' } })
    expect(await text.text()).toBe('one\ntwo\none\ntwo\n')
  })
})

describe('tasks and settings', () => {
  test('a task gets a revision for each different definition, runs by name, and stops running once deleted', async () => {
    const put = (command: string) => api.call('putTask', { params: { name: 'job' }, body: { command, timeout: '5m' } })
    const [one, same, two] = [await put('a'), await put('a'), await put('b')]
    expect([one.status, same.status, two.status, two.body.revision]).toEqual([201, 200, 201, 2])
    expect(two.body.definition.steps[0]).toMatchObject({ run: ['/bin/sh', '-c', 'b'], timeout: '5m' })
    const { body: first } = await api.call('submitExecution', { body: { task: { name: 'job', revision: 1 } } })
    expect(first.task).toEqual({ name: 'job', revision: 1 })
    const listed = await api.call('listTaskRevisions', { params: { name: 'job' } })
    expect(listed.body.items.map((t: { revision: number }) => t.revision)).toEqual([2, 1])
    expect((await api.call('listTasks')).body.items).toHaveLength(1)
    await api.call('deleteTask', { params: { name: 'job' } })
    expect((await api.call('submitExecution', { body: { task: 'job' } })).status).toBe(409)
  })

  test('what was defined is shown in the words in which it can be defined again', async () => {
    const body = {
      steps: [
        { name: 'a', run: ['x'], cpu: 0.5, memory: '64M', env: { A: '1', B: { secret: 's' } }, ports: [8080] },
        { name: 'b', await: { key: 'k', task: 'other' }, needs: ['a'] },
      ],
      placement: {
        constraints: [{ attribute: 'zone', op: 'equals' as const, value: 'a' }],
        strategies: ['spread:zone'],
      },
      schedule: { cron: '@daily', timezone: 'Europe/Berlin' },
    }
    const put = await api.call('putTask', { params: { name: 'round' }, body })
    const again = await api.call('putTask', { params: { name: 'round' }, body: put.body.definition })
    expect([again.status, again.body.revision]).toEqual([200, 1])
    const [schedule] = (await api.call('listSchedules')).body.items
    expect(schedule).toMatchObject({ task: 'round', timezone: 'Europe/Berlin', paused: false })
  })

  test('secrets are named, used and removed, never shown', async () => {
    const params = { name: 'db' }
    expect((await api.call('putSecret', { params, body: { value: 'hunter22' } })).status).toBe(204)
    const { id } = await submitted({ body: { command: ['x'], env: { DB: { secret: 'db' } } } })
    await final(id)
    const shown = [
      await api.call('listSecrets'),
      await api.call('getExecution', { params: { id } }),
      await api.call('getPlan', { params: { id } }),
      await api.call('listExecutionEvents', { params: { id } }),
    ]
    expect(shown[0]?.body.items).toMatchObject([{ name: 'db' }])
    expect(shown.map((s) => s.text).join()).not.toContain('hunter22')
    await api.call('deleteSecret', { params })
    expect((await api.call('listSecrets')).body.items).toEqual([])
  })

  test('a webhook’s secret is shown once, where it was made; a change keeps it', async () => {
    const url = 'http://127.0.0.1:9/hook'
    const made = await api.call('createWebhook', { body: { url, kinds: ['execution.state'] } })
    expect(made.body).toMatchObject({ url, active: true, secret: expect.stringMatching(/.{16,}/) })
    const params = { id: made.body.id }
    const changed = await api.call('putWebhook', { params, body: { url, active: false } })
    expect(changed.body).toMatchObject({ id: params.id, active: false })
    expect([changed.text, (await api.call('listWebhooks')).text].join()).not.toContain(made.body.secret)
    expect((await api.call('createWebhook', { body: { url: 'http://' } })).body.field).toBe('url')
    const user = new NativeClient(world.url, await world.token('acme'))
    expect((await user.call('deleteWebhook', { params })).status).toBe(404)
    expect((await api.call('deleteWebhook', { params })).status).toBe(204)
    expect((await api.call('listWebhooks')).body.items).toEqual([])
  })

  test('a logical node is registered, drained, activated and gone; the machine is the operator’s', async () => {
    const node = await api.call('registerNode', {
      body: { name: 'n1', cpu: 2, memory: '1G', attributes: { zone: 'b' } },
    })
    const params = { id: node.body.id }
    expect(node.body).toMatchObject({ name: 'n1', shared: false, capacity: { cpu: 2, memoryBytes: 1024 ** 3 } })
    expect((await api.call('drainNode', { params })).body.state).toBe('draining')
    expect((await api.call('activateNode', { params })).body.state).toBe('active')
    const changed = await api.call('setNodeAttributes', { params, body: { set: { rack: '1' }, remove: ['zone'] } })
    expect(changed.body.attributes).toMatchObject({ rack: '1' })
    expect(changed.body.attributes).not.toHaveProperty('zone')
    expect((await api.call('deregisterNode', { params })).body.state).toBe('gone')
    const machine = (await api.call('listNodes')).body.items.find((n: { shared: boolean }) => n.shared)
    const user = new NativeClient(world.url, await world.token('acme'))
    expect((await user.call('drainNode', { params: { id: machine.id } })).status).toBe(403)
    expect((await user.call('getNode', { params })).status).toBe(404)
  })

  test('dispatch held back lets nothing start until it is resumed', async () => {
    await api.call('holdDispatch')
    const { id } = await submitted({ body: { command: ['x'] } })
    const held = await api.call('getExecution', { params: { id } })
    expect(held.body).toMatchObject({ state: 'pending', waiting: { reason: { code: 'dispatch_held' } } })
    await api.call('resumeDispatch')
    expect((await final(id)).body.state).toBe('succeeded')
  })

  test('the server says what it is, that it is ready, and counts what it did without naming anybody', async () => {
    expect((await api.call('getInfo')).body).toMatchObject({ operator: true, tenant: 'default', faces: ['native'] })
    expect((await fetch(`${world.url}/healthz`)).status).toBe(200)
    const metrics = await (await fetch(`${world.url}/metrics`)).text()
    expect(metrics).toMatch(/^taskport_executions_finished_total\{state="succeeded"\} [1-9]/m)
    expect(metrics).toMatch(/^taskport_executions\{state="succeeded"\} [1-9]/m)
    expect(metrics).toMatch(/^taskport_http_answers_total\{face="native",status="201"\} [1-9]/m)
    expect(metrics).not.toMatch(/acme|default/)
    const page = await fetch(world.url, { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  })

  test('reset is refused unless the server is ephemeral', async () => {
    expect((await api.call('reset')).status).toBe(403)
    const ephemeral = await openFaceWorld({ ephemeral: true })
    try {
      const client = new NativeClient(ephemeral.url, ephemeral.operator)
      const token = await ephemeral.token('acme')
      await client.call('submitExecution', { body: { command: ['x', 'hang'] } })
      expect((await client.call('reset')).status).toBe(204)
      expect((await client.call('listExecutions')).body.items).toEqual([])
      expect((await new NativeClient(ephemeral.url, token).call('listExecutions')).status).toBe(401)
    } finally {
      await ephemeral.close()
    }
  })
})
