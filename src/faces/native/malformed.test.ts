/** Whatever is sent, the answer is the contract's or a problem that names the field; never a fault of the server. */
import fc from 'fast-check'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaceWorld } from '../../../test/support/face-world.ts'
import { openFaceWorld } from '../../../test/support/face-world.ts'
import { arbitraryOf, broken } from '../../../test/support/schema-arbitrary.ts'
import type { OperationId } from './contract/contract.ts'
import { BASE_PATH, contract } from './contract/contract.ts'
import type { Operation } from './contract/operation.ts'

let world: FaceWorld
beforeAll(async () => {
  world = await openFaceWorld()
})
afterAll(async () => {
  expect(world.faults).toEqual([])
  await world.close()
})

const app = () => world.origin.app('native')
const headers = () => ({ authorization: `Bearer ${world.operator}`, 'content-type': 'application/json' })

async function post(payload: string | Buffer | object, path = '/executions', method: InjectOptions['method'] = 'POST') {
  const answer = await app().inject({
    method,
    url: `${BASE_PATH}${path}`,
    headers: headers(),
    payload: payload as string,
  })
  // biome-ignore lint/suspicious/noExplicitAny: problems are looked into by field
  return { status: answer.statusCode, problem: answer.json() as any, type: answer.headers['content-type'] }
}

const step = (more: object) => ({ steps: [{ name: 'a', run: ['x'], ...more }] })

test('a bad value is told what it should be', async () => {
  const steps = [{ name: 'a', run: 'x', stop: { signal: 'TERM' } }]
  const body = { steps, env: { 'A=B': '1' }, timeout: 30, foo: 1 }
  const { problem } = await post(body)
  expect(Object.fromEntries(problem.errors.map((e: { field: string; detail: string }) => [e.field, e.detail]))).toEqual(
    {
      foo: 'unknown field',
      timeout: 'must be a duration with its unit, such as 500ms, 30s, 5m or 1h30m',
      'env.A=B': 'it is no name of a variable: letters, digits and _, no digit first',
      'steps[0].stop.signal': 'must be the name of a signal, such as SIGTERM',
    },
  )
})

describe('a bad submission is refused with the field that is bad', () => {
  const cases: readonly (readonly [what: string, body: unknown, field: string])[] = [
    ['an unknown field', { command: 'x', comand: 'y' }, 'comand'],
    ['an unknown field of a step', step({ tiemout: '5s' }), 'steps[0].tiemout'],
    ['an unknown field deep inside', step({ retry: { backoff: { start: '1s' } } }), 'steps[0].retry.backoff.start'],
    ['nothing to run', {}, 'command'],
    ['a command and steps', { command: 'x', ...step({}) }, 'command'],
    ['a task and a plan', { command: 'x', task: 't' }, 'task'],
    ['a step field without a step', { ...step({}), memory: '1M' }, 'memory'],
    ['a step that does nothing', { steps: [{ name: 'a' }] }, 'steps[0].run'],
    ['an await step that runs', { steps: [{ name: 'a', await: { key: 'k' }, user: 'root' }] }, 'steps[0].user'],
    ['no steps', { steps: [] }, 'steps'],
    ['no step that counts', step({ essential: false }), 'steps'],
    ['a zero time limit', { command: 'x', timeout: '0s' }, 'timeout'],
    ['a negative time limit', { command: 'x', timeout: '-5s' }, 'timeout'],
    ['a time limit beyond all times', { command: 'x', timeout: '99999999d' }, 'timeout'],
    ['a time limit without a unit', { command: 'x', timeout: 30 }, 'timeout'],
    ['an endless time limit', { command: 'x', timeout: '999999999999999999999d' }, 'timeout'],
    ['no CPU', { command: 'x', cpu: 0 }, 'cpu'],
    ['negative memory', { command: 'x', memory: '-1M' }, 'memory'],
    ['no memory', { command: 'x', memory: '0M' }, 'memory'],
    ['no processes', step({ pids: 0 }), 'steps[0].pids'],
    ['a concurrency limit of none', { command: 'x', concurrency: [{ key: 'k', limit: 0 }] }, 'concurrency[0].limit'],
    ['a NUL byte in the command', { command: ['a\0b'] }, 'command[0]'],
    ['half a surrogate pair', { command: 'a\ud800' }, 'command'],
    ['a NUL byte in the environment', { command: 'x', env: { A: '\0' } }, 'env.A'],
    ['a variable that is none', { command: 'x', env: { 'A=B': '1' } }, 'env.A=B'],
    [
      'a circle',
      {
        steps: [
          { name: 'a', run: 'x', needs: ['b'] },
          { name: 'b', run: 'x', needs: ['a'] },
        ],
      },
      'steps',
    ],
    ['a step that needs itself', step({ needs: ['a'] }), 'steps'],
    ['an unknown dependency', step({ needs: ['nobody'] }), 'steps[0].needs[0].step'],
    [
      'a dependency on a later group',
      {
        steps: [
          { name: 'a', run: 'x', needs: ['b'] },
          { name: 'b', run: 'x', group: 1 },
        ],
      },
      'steps[0].needs[0].step',
    ],
    [
      'two steps of one name',
      {
        steps: [
          { name: 'a', run: 'x' },
          { name: 'a', run: 'y' },
        ],
      },
      'steps[1].name',
    ],
    [
      'health awaited without a check',
      {
        steps: [
          { name: 'a', run: 'x' },
          { name: 'b', run: 'x', needs: [{ step: 'a', until: 'healthy' }] },
        ],
      },
      'steps[1].needs[0].until',
    ],
    ['a relative directory', { command: 'x', workdir: 'here' }, 'workdir'],
    ['a word that is none of the possible', { command: 'x', ifNoRoom: 'panic' }, 'ifNoRoom'],
    ['a time that is none', { command: 'x', notBefore: 'tomorrow' }, 'notBefore'],
    ['a command of the wrong kind', { command: { a: 1 } }, 'command'],
    ['an empty argument list', { command: [] }, 'command'],
    ['too long an argument', { command: ['x'.repeat(200_000)] }, 'command[0]'],
    ['__proto__ as a label', JSON.parse('{"command":"x","labels":{"__proto__":"1"}}'), 'labels'],
    [
      'bottomless nesting',
      { command: 'x', container: JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`) },
      'container',
    ],
  ]
  test.each(cases)('%s', async (_what, body, field) => {
    const { status, problem, type } = await post(body as object)
    expect(status).toBe(400)
    expect(type).toContain('application/problem+json')
    expect(problem).toMatchObject({ type: 'urn:taskport:problem:invalid', title: expect.any(String), status: 400 })
    expect(problem.field.startsWith(field)).toBe(true)
    expect(problem.detail.length).toBeLessThan(2_000)
  })

  test('in a batch, by its place', async () => {
    expect((await post([{ command: 'x' }, { command: 'x', pids: 0 }], '/executions:batch')).problem.field).toBe(
      '[1].pids',
    )
    expect((await post([{ command: 'x' }, step({ needs: ['b'] })], '/executions:batch')).problem.field).toBe(
      '[1].steps[0].needs[0].step',
    )
  })

  test('every bad field is named, not only the first', async () => {
    const { problem } = await post({ command: 'x', cpu: -1, memory: 'much', nonsense: 1 })
    expect(problem.errors.map((e: { field: string }) => e.field).sort()).toEqual(['cpu', 'memory', 'nonsense'])
  })

  test('what takes no body refuses one', async () => {
    expect((await post({ steps: [] }, `/executions/${existing.execution}/retry`)).status).toBe(400)
  })

  test('a task that does not exist is 404', async () => {
    expect((await post({ task: 'nobody' })).status).toBe(404)
  })
})

describe('bytes that are no request', () => {
  test('are 4xx problems in this face’s voice', async () => {
    const none = (bytes: string | Buffer) => post(bytes)
    expect(await none('{"command":')).toMatchObject({
      status: 400,
      problem: { type: 'urn:taskport:problem:malformed' },
    })
    expect(await none(Buffer.from([0x22, 0xff, 0xfe, 0x22]))).toMatchObject({ status: 400 })
    expect(await none('"text"')).toMatchObject({ status: 400 })
    expect(await none('null')).toMatchObject({ status: 400 })
    expect(await none('')).toMatchObject({ status: 400 })
    expect(await none('['.repeat(100_000))).toMatchObject({ status: 400 })
    const large = JSON.stringify({ command: ['x'.repeat(10 * 1024 * 1024)] })
    expect(await none(large)).toMatchObject({ status: 413, problem: { type: 'urn:taskport:problem:too-large' } })
  })

  test('another media type, method, path, query parameter are named', async () => {
    const form = { authorization: `Bearer ${world.operator}`, 'content-type': 'application/x-www-form-urlencoded' }
    const get = (url: string, method: InjectOptions['method'] = 'GET') =>
      app().inject({ method, url, headers: { authorization: `Bearer ${world.operator}` } })
    const sent = await app().inject({ method: 'POST', url: `${BASE_PATH}/executions`, headers: form, payload: 'a=b' })
    expect(sent.statusCode).toBe(415)
    const put = await get(`${BASE_PATH}/executions`, 'PUT')
    expect([put.statusCode, put.headers.allow]).toEqual([405, 'POST, GET'])
    expect((await get(`${BASE_PATH}/nothing`)).json()).toMatchObject({
      status: 404,
      type: 'urn:taskport:problem:not-found',
    })
    expect((await get(`${BASE_PATH}/executions/%zz`)).statusCode).toBe(400)
    expect((await get(`${BASE_PATH}/executions?stat=running`)).json()).toMatchObject({ field: 'stat' })
    expect((await get(`${BASE_PATH}/executions?limit=0`)).json()).toMatchObject({ field: 'limit' })
    expect((await get(`${BASE_PATH}/executions?limit=many`)).json()).toMatchObject({ field: 'limit' })
    expect((await get(`${BASE_PATH}/info?x=1`)).json()).toMatchObject({ field: 'x' })
    expect((await get(`${BASE_PATH}/executions?cursor=nonsense`)).statusCode).toBeLessThan(500)
  })
})

/** Generated from the schemas themselves: whole requests that may be right, and the same with one place broken. */
const bodied = (Object.entries(contract) as [OperationId, Operation][]).filter(([id, o]) => o.body && id !== 'reset')

/** Things that exist, so that requests reach beyond "no such thing". */
interface Existing {
  readonly execution: string
  readonly node: string
  readonly webhook: string
}

let existing: Existing
beforeAll(async () => {
  const idOf = async (path: string, body: object) => (await post(body, path)).problem.id as string
  existing = {
    execution: await idOf('/executions', { steps: [{ name: 'main', run: ['x', 'hang'] }] }),
    node: await idOf('/nodes', { name: 'n' }),
    webhook: await idOf('/webhooks', { url: 'http://127.0.0.1:9/', active: false }),
  }
})

const realNames = ({ path }: Operation): Readonly<Record<string, string>> => ({
  id: path.startsWith('/nodes') ? existing.node : path.startsWith('/webhooks') ? existing.webhook : existing.execution,
  step: 'main',
  name: 'n',
  attempt: `${existing.execution}:0:1`,
})

const tokenFor = ({ access }: Operation): string =>
  access === 'task' ? world.taskToken('default', `${existing.execution}:0:1`) : world.operator

describe('generated from the contract', () => {
  test.each(bodied)('%s never fails by the server’s fault', async (_id, operation) => {
    const whole = arbitraryOf(operation.body)
    const real = fc.constant<unknown>(realNames(operation))
    const params = operation.params ? fc.oneof({ arbitrary: real, weight: 4 }, arbitraryOf(operation.params)) : real
    const mixed = whole.chain((value) => fc.tuple(params, fc.oneof(fc.constant(value), broken(value))))
    await fc.assert(
      fc.asyncProperty(mixed, async ([names, body]) => {
        const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
          encodeURIComponent(String((names as Record<string, unknown>)[name]).toWellFormed()),
        )
        const answer = await app().inject({
          method: operation.method,
          url: `${BASE_PATH}${path}`,
          headers: { ...headers(), authorization: `Bearer ${tokenFor(operation)}` },
          payload: JSON.stringify(body) ?? 'null',
        })
        expect(answer.statusCode, answer.body).toBeLessThan(500)
        if (answer.statusCode >= 400) expect(answer.json()).toMatchObject({ status: answer.statusCode })
      }),
      { numRuns: 60 },
    )
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('queries never fail by the server’s fault', async () => {
    const asked = (Object.values(contract) as Operation[]).filter((o) => o.query && o.method !== 'POST')
    for (const operation of asked)
      await fc.assert(
        fc.asyncProperty(
          arbitraryOf(operation.query).chain((q) => fc.oneof(fc.constant(q), broken(q))),
          async (query) => {
            // What follows the log of what still runs does not end.
            const asked = Object.entries((query ?? {}) as object).filter(([k]) => k !== 'follow')
            const pairs = asked.flatMap(([k, v]) => [v].flat().map((x) => [k, String(x)]))
            const names = realNames(operation) as Readonly<Record<string, string>>
            const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name]!))
            const url = `${BASE_PATH}${path}?${new URLSearchParams(pairs as [string, string][])}`
            if (url.length > 8_000) return
            const answer = await app().inject({
              method: operation.method,
              url,
              headers: { authorization: headers().authorization },
            })
            expect(answer.statusCode, answer.body).toBeLessThan(500)
          },
        ),
        { numRuns: 40 },
      )
  })
})
