/** The log of a whole execution, its labels, and lists by alternatives, over real HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest'
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

const finished = async (body: Parameters<typeof api.call<'submitExecution'>>[1]) => {
  const { id } = (await api.call('submitExecution', body)).body as { id: string }
  await api.call('waitExecution', { params: { id }, query: { timeout: '10s' } })
  return id
}

const STEPS = [
  { name: 'one', run: ['x', 'print:a', 'print:b'] },
  {
    name: 'two',
    run: ['x', 'print:c', 'fail-first:1'],
    needs: ['one'],
    retry: { limit: 1, backoff: { initial: '5ms' } },
  },
]

test('the log of a whole execution: all steps and attempts in order, by pages, from the end, followed, of one step', async () => {
  const id = await finished({ body: { steps: STEPS } })
  const log = async (query: object) =>
    (await api.call('getExecutionLog', { params: { id }, query: query as { limit: number } })).body
  const streamed: { step: string; attempt: string; text: string }[] = []
  const accept = 'text/event-stream'
  for await (const { event, data } of eventsOf(
    await api.open('getExecutionLog', { params: { id }, headers: { accept } }),
  ))
    if (event === 'end') break
    else streamed.push(data)
  expect(streamed.map(({ step, attempt, text }) => `${step}${attempt.slice(id.length)} ${text}`)).toEqual([
    'one:0:1 a',
    'one:0:1 b',
    'two:1:1 c',
    'two:1:2 c',
  ])
  const paged: object[] = []
  for (let page = await log({ limit: 3 }); ; page = await log({ limit: 3, after: page.after })) {
    paged.push(...page.lines)
    if (page.end) break
  }
  expect(paged).toEqual(streamed)
  const newest = await log({ newest: true, limit: 2 })
  const before = await log({ before: newest.before })
  expect([[...before.lines, ...newest.lines], before.end]).toEqual([streamed, true])
  expect((await log({ step: ['one'] })).lines).toEqual(streamed.slice(0, 2))
  expect((await log({ until: '1h' })).lines).toEqual([])
  expect((await api.call('getExecutionLog', { params: { id }, query: { format: 'text' } })).text).toBe('a\nb\nc\nc\n')
  const resumed: string[] = []
  const at = { accept, 'last-event-id': (await log({ limit: 2 })).after }
  for await (const { event, data } of eventsOf(await api.open('getExecutionLog', { params: { id }, headers: at })))
    if (event === 'end') break
    else resumed.push(data.text)
  expect(resumed).toEqual(['c', 'c'])
})

test('labels are set and removed after the end too; lists and counts take any of several values', async () => {
  const [id] = await Promise.all(
    ['x', 'y', 'z'].map((name) => finished({ body: { name, command: ['x'], labels: { team: name } } })),
  )
  const params = { id: id! }
  const { body } = await api.call('setLabels', { params, body: { set: { team: 'w', also: '' }, remove: ['none'] } })
  expect(body.labels).toEqual({ team: 'w', also: '' })
  const names = async (query: Readonly<Record<string, readonly string[]>>) =>
    (await api.call('listExecutions', { query })).body.items.map((e: { name: string }) => e.name).sort()
  expect(await names({ label: ['team=w', 'team=y'] })).toEqual(['x', 'y'])
  expect(await names({ label: ['team=w', 'team=y', 'also='] })).toEqual(['x'])
  expect(await names({ name: ['y', 'z'] })).toEqual(['y', 'z'])
  expect(await names({ id: [id!] })).toEqual(['x'])
  const counts = (await api.call('countExecutions', { query: { label: ['team=w', 'team=y'] } })).body
  expect(counts).toMatchObject({ succeeded: 2, running: 0 })
  expect((await api.call('setLabels', { params, body: { remove: ['team', 'also'] } })).body.labels).toEqual({})
})

test.each([
  ['GET', 'executions/ID/log?after=nonsense', 'after'],
  ['GET', 'executions/ID/log?follow=true&newest=true', 'newest'],
  ['GET', 'executions/ID/log?since=yesterday', 'since'],
  ['GET', 'executions/ID/log?limit=0', 'limit'],
  ['GET', 'executions:count?label=team', 'label[0]'],
  ['GET', 'executions:count?colour=red', 'colour'],
  ['DELETE', 'shared?source=', 'source'],
] as const)('%s %s names what is wrong', async (method, path, field) => {
  const id = await finished({ body: { command: ['x'] } })
  const url = `${world.url}/taskport/v1/${path.replace('ID', id)}`
  const answer = await fetch(url, { method, headers: { authorization: `Bearer ${world.operator}` } })
  expect([answer.status, await answer.json()]).toMatchObject([400, { field }])
})
