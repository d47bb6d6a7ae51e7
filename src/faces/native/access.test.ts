/** Who may do what: the credential says whose work it is, and nothing in a request can say otherwise. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaceWorld } from '../../../test/support/face-world.ts'
import { openFaceWorld } from '../../../test/support/face-world.ts'
import { NativeClient } from '../../../test/support/native-client.ts'
import type { OperationId } from './contract/contract.ts'
import { contract } from './contract/contract.ts'
import type { Operation } from './contract/operation.ts'

let world: FaceWorld
let operator: NativeClient
let ann: NativeClient
let bob: NativeClient
beforeAll(async () => {
  world = await openFaceWorld()
  operator = new NativeClient(world.url, world.operator)
  ann = new NativeClient(world.url, await world.token('acme'))
  bob = new NativeClient(world.url, await world.token('globex'))
})
afterAll(() => world.close())

const all = Object.entries(contract) as [OperationId, Operation][]
const somewhere = { id: 'x', step: 'x', name: 'x', attempt: 'x' }

describe('tokens', () => {
  test('no operation answers without a valid one', async () => {
    for (const [id] of all)
      for (const token of [undefined, 'tp_native_x_y', `${world.operator}x`, 'tpt_e30.AA']) {
        const { status, headers } = await new NativeClient(world.url, token).call(id, { params: somewhere })
        expect([id, status, headers.get('www-authenticate')]).toEqual([id, 401, 'Bearer'])
      }
  })

  test('the operator’s operations are refused to everybody else', async () => {
    const theirs = all.filter(([, o]) => o.access === 'operator').map(([id]) => id)
    expect(theirs).toContain('createToken')
    for (const id of theirs) expect((await ann.call(id, { params: somewhere })).status).toBe(403)
  })

  test('are minted for a face and a tenant, listed without their secret, and end when revoked', async () => {
    const body = { face: 'native', tenant: 'initech', principal: 'carol' }
    const { body: minted } = await operator.call('createToken', { body })
    const carol = new NativeClient(world.url, minted.secret)
    expect((await carol.call('getInfo')).body).toMatchObject({ principal: 'carol', tenant: 'initech', operator: false })
    const listed = await operator.call('listTokens', { query: { tenant: 'initech' } })
    expect(listed.body.items.map((t: { id: string }) => t.id)).toEqual([minted.id])
    expect(listed.text).not.toContain(minted.secret)
    await operator.call('deleteToken', { params: { id: minted.id } })
    expect((await carol.call('getInfo')).status).toBe(401)
    const elsewhere = await operator.call('createToken', { body: { ...body, face: 'nowhere' } })
    expect(elsewhere.body).toMatchObject({ status: 400, field: 'face' })
  })

  test('expire', async () => {
    const expiresAt = new Date(Date.now() - 1).toISOString()
    const { body } = await operator.call('createToken', { body: { face: 'native', tenant: 'acme', expiresAt } })
    expect((await new NativeClient(world.url, body.secret).call('getInfo')).status).toBe(401)
  })
})

test('metrics are open to this machine, from elsewhere only to the operator', async () => {
  const ask = async (remoteAddress: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return (await world.origin.app('native').inject({ url: '/metrics', remoteAddress, headers })).statusCode
  }
  const user = await world.token('acme')
  expect([await ask('127.0.0.1'), await ask('10.0.0.1'), await ask('10.0.0.1', user)]).toEqual([200, 401, 403])
  expect(await ask('10.0.0.1', world.operator)).toBe(200)
})

describe('tenants', () => {
  test('see nothing of each other: another’s execution is as if it did not exist', async () => {
    const { body: execution } = await ann.call('submitExecution', { body: { command: ['x', 'hang'], key: 'k' } })
    const params = { id: execution.id, step: 'main' }
    const ofOne = all.filter(([, o]) => o.path.startsWith('/executions/{id}')).map(([id]) => id)
    expect(ofOne.length).toBeGreaterThan(8)
    for (const id of ofOne) {
      const body = { execInStep: { run: 'x' }, setLabels: { set: {} } }[id as string]
      const asked = body ? { params, body } : { params, query: {} }
      expect([id, (await bob.call(id, asked as never)).status]).toEqual([id, 404])
    }
    expect((await bob.call('listExecutions')).body.items).toEqual([])
    expect((await bob.call('listEvents')).body.items).toEqual([])
    expect((await ann.call('getExecution', { params })).body.desired).toBe('run')
    await ann.call('stopExecution', { params })
  })

  test('only the operator may act for another, by naming it', async () => {
    const headers = { 'taskport-tenant': 'acme' }
    expect((await bob.call('listExecutions', { headers })).status).toBe(403)
    expect((await operator.call('listExecutions', { headers: { 'taskport-tenant': 'taskport' } })).status).toBe(403)
    const { body } = await operator.call('listExecutions', { headers })
    expect(body.items).toEqual((await ann.call('listExecutions')).body.items)
    expect(body.items.length).toBeGreaterThan(0)
    expect((await operator.call('listExecutions')).body.items).toEqual([])
  })
})

describe('outside the sandbox', () => {
  test('only the operator runs, registers, repeats, enters or appends a step', async () => {
    const headers = { 'taskport-tenant': 'acme' }
    const sandbox = 'off' as const
    const outside = { command: ['x', 'hang'], sandbox }
    const put = { params: { name: 'outside' }, body: { command: ['x'], sandbox } }
    expect((await ann.call('submitExecution', { body: outside })).body).toMatchObject({
      status: 403,
      detail: 'step main runs outside the sandbox: only the operator may ask for that',
    })
    expect((await ann.call('submitBatch', { body: [{ command: ['x'] }, outside] })).status).toBe(403)
    expect((await ann.call('putTask', put)).status).toBe(403)
    expect((await operator.call('putTask', { ...put, headers })).status).toBe(201)
    const ofTask = { body: { task: 'outside', env: { LD_PRELOAD: '/tmp/mine.so' } } }
    expect((await ann.call('submitExecution', ofTask)).status).toBe(403)
    expect((await operator.call('submitExecution', { ...ofTask, headers })).status).toBe(201)

    const { body: running } = await operator.call('submitExecution', { body: outside, headers })
    const params = { id: running.id, step: 'main' }
    await ann.call('waitExecution', { params, query: { until: 'running' } })
    expect((await ann.call('execInStep', { params, body: { run: 'id' } })).status).toBe(403)
    await ann.call('stopExecution', { params })
    await ann.call('waitExecution', { params })
    expect((await ann.call('retryExecution', { params })).status).toBe(403)
    expect((await operator.call('retryExecution', { params, headers })).status).toBe(201)

    const steps = [{ name: 'main', run: ['x', 'hang'], appends: true }]
    const { body: parent } = await ann.call('submitExecution', { body: { steps } })
    await ann.call('waitExecution', { params: { id: parent.id }, query: { until: 'running' } })
    const attempt = `${parent.id}:0:1`
    const inside = new NativeClient(world.url, world.taskToken('acme', attempt))
    const more = { steps: [{ name: 'more', run: ['x'], sandbox }] }
    expect((await inside.call('appendSteps', { params: { attempt }, body: more })).status).toBe(403)
    await ann.call('stopExecution', { params: { id: parent.id } })
  })
})

describe('a task’s token', () => {
  test('reaches its own attempt while it runs, and nothing else', async () => {
    const steps = [{ name: 'main', run: ['x', 'hang'], appends: true }]
    const { body: execution } = await ann.call('submitExecution', { body: { steps } })
    const { id } = execution
    await ann.call('waitExecution', { params: { id }, query: { until: 'running' } })
    const attempt = `${id}:0:1`
    const params = { attempt }
    const inside = new NativeClient(world.url, world.taskToken('acme', attempt))
    expect((await inside.call('publishOutputs', { params, body: { outputs: { a: '1' } } })).status).toBe(204)
    expect((await inside.call('reportProgress', { params, body: { percent: 40, message: 'far' } })).status).toBe(204)
    const more = { steps: [{ name: 'more', run: ['x'], needs: ['main'] }] }
    expect((await inside.call('appendSteps', { params, body: more })).body.steps).toHaveLength(2)
    expect((await inside.call('appendSteps', { params, body: more })).body.steps).toHaveLength(2)
    const seen = await ann.call('getExecution', { params: { id } })
    expect(seen.body.steps[0]).toMatchObject({ outputs: { a: '1' }, progress: { percent: 40, message: 'far' } })

    expect((await inside.call('getExecution', { params: { id } })).status).toBe(403)
    const other = { params: { attempt: `${id}:1:1` }, body: { outputs: {} } }
    expect((await inside.call('publishOutputs', other)).status).toBe(403)
    expect((await ann.call('publishOutputs', { params, body: { outputs: {} } })).status).toBe(403)
    const stranger = new NativeClient(world.url, world.taskToken('globex', attempt))
    expect((await stranger.call('publishOutputs', { params, body: { outputs: {} } })).status).toBe(404)
    const cycle = { steps: [{ name: 'odd', run: ['x'], needs: ['nobody'] }] }
    expect((await inside.call('appendSteps', { params, body: cycle })).body).toMatchObject({ status: 400 })

    await ann.call('stopExecution', { params: { id } })
    await ann.call('waitExecution', { params: { id } })
    const late = await inside.call('publishOutputs', { params, body: { outputs: { a: '2' } } })
    expect([404, 409]).toContain(late.status)
  })
})
