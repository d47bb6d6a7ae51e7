/** Who runs when there is not room for all, on a real server with room for two. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Executions, shell, type Wish } from '../support/executions.ts'
import { ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'

let server: ServerProcess
let directory = ''
const executions = new Executions(() => server.api)
const file = (name: string): string => join(directory, name)
const touch = (name: string): void => writeFileSync(file(name), '')
/** Writes its name into `order` and goes on until the test says so. */
const held = (name: string): Wish => ({
  name,
  command: shell(
    `echo ${name} >> ${file('order')}; until [ -e ${file('go')} ] || [ -e ${file(`go-${name}`)} ]; do sleep 0.01; done`,
  ),
})
const quick = (name: string): Wish => ({ name, command: shell(`echo ${name} >> ${file('order')}`) })
const order = (): readonly string[] => readFileSync(file('order'), 'utf8').trim().split('\n').filter(Boolean)

beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--sandbox', 'off', '--slots', '2', '--cpu', '4'] })
})
afterAll(() => server.end())
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskport-queue-'))
  touch('order')
})
afterEach(async () => {
  touch('go')
  await eventually('all is quiet', async () => {
    const { pending, starting, running, stopping } = (await server.api.call('countExecutions')).body
    return pending + starting + running + stopping === 0
  })
  rmSync(directory, { recursive: true, force: true })
})

async function fill(): Promise<void> {
  for (const name of ['first', 'second']) await executions.untilState(await executions.submit(held(name)), 'running')
}

describe('without room', () => {
  test('what came waits, says why and at which place, and runs in the order it came', async () => {
    await fill()
    const ids: string[] = []
    for (const name of ['a', 'b', 'c']) ids.push(await executions.submit(quick(name)))
    for (const [i, id] of ids.entries())
      await executions.until(id, `at place ${i + 1}`, (e) => e.waiting?.position === i + 1)
    expect(await executions.get(ids[0]!)).toMatchObject({ state: 'pending', waiting: { reason: { code: 'no_room' } } })
    touch('go-first')
    for (const id of ids) await executions.final(id)
    expect(order()).toEqual(['first', 'second', 'a', 'b', 'c'])
  })

  test('higher priority goes first, whoever came before', async () => {
    await fill()
    const ids: string[] = []
    for (const [name, priority] of [
      ['low', -5],
      ['middle', 0],
      ['high', 7],
    ] as const)
      ids.push(await executions.submit({ ...quick(name), priority }))
    touch('go-first')
    for (const id of ids) await executions.final(id)
    expect(order().slice(2)).toEqual(['high', 'middle', 'low'])
  })

  test('two tenants share: a late one does not wait for all of an early one', async () => {
    await fill()
    const [early, late] = [await server.clientOf('early'), await server.clientOf('late')]
    for (let i = 0; i < 8; i++) await early.call('submitExecution', { body: quick(`early-${i}`) })
    for (let i = 0; i < 3; i++) await late.call('submitExecution', { body: quick(`late-${i}`) })
    touch('go')
    await eventually('all ran', () => order().length === 13)
    const afterLate = order().slice(order().lastIndexOf('late-2') + 1)
    expect(afterLate.filter((name) => name.startsWith('early')).length).toBeGreaterThanOrEqual(3)
  })

  test('refuse is answered with what is lacking, and leaves nothing behind', async () => {
    await fill()
    const refused = await server.api.call('submitExecution', { body: { ...quick('x'), ifNoRoom: 'refuse' } })
    expect(refused).toMatchObject({ status: 409, body: { shortfalls: [expect.objectContaining({ lacks: 'slots' })] } })
    const { body } = await server.api.call('listExecutions', { query: { name: 'x' } })
    expect(body.items).toEqual([])
  })

  test('who is stopped while it waits is gone from the queue; the next moves up', async () => {
    await fill()
    const [one, two] = [await executions.submit(quick('one')), await executions.submit(quick('two'))]
    await executions.until(two, 'second in line', (e) => e.waiting?.position === 2)
    await executions.stop(one)
    expect(await executions.final(one)).toMatchObject({ state: 'cancelled' })
    await executions.until(two, 'first in line', (e) => e.waiting?.position === 1)
  })
})

describe('a concurrency limit', () => {
  test('holds as many back as it says, shows their places, and lets the next in when one ends', async () => {
    const limited = (name: string): Wish => ({ ...held(name), concurrency: [{ key: 'deploy', limit: 1 }] })
    const ids: string[] = []
    for (const name of ['one', 'two', 'three']) ids.push(await executions.submit(limited(name)))
    await executions.untilState(ids[0]!, 'running')
    const second = await executions.until(ids[1]!, 'next', (e) => e.waiting?.reason.code === 'concurrency_limit')
    expect(second.waiting!.reason.message).toContain('deploy')
    const [p2, p3] = [second, await executions.get(ids[2]!)].map((e) => e.waiting!.position!)
    expect(p2).toBeLessThan(p3!)
    touch('go-one')
    await executions.untilState(ids[1]!, 'running')
    expect((await executions.get(ids[2]!)).state).toBe('pending')
    touch('go')
    for (const id of ids) expect((await executions.final(id)).state).toBe('succeeded')
    expect(order()).toEqual(['one', 'two', 'three'])
  })
})

describe('draining', () => {
  const machine = async (): Promise<{ readonly id: string }> => (await server.api.call('listNodes')).body.items[0]
  const drain = async (): Promise<void> => {
    await server.api.call('drainNode', { params: { id: (await machine()).id } })
  }
  const activate = async (): Promise<void> => {
    await server.api.call('activateNode', { params: { id: (await machine()).id } })
  }
  afterEach(activate)

  test('before a placement: it waits and says so, and runs once the node is active again', async () => {
    await drain()
    const id = await executions.submit(quick('late'))
    const waiting = await executions.until(id, 'waiting', (e) => e.waiting !== undefined)
    expect(waiting).toMatchObject({ state: 'pending', waiting: { reason: { code: 'no_eligible_node' } } })
    await activate()
    expect((await executions.final(id)).state).toBe('succeeded')
  })

  test('after a placement: what runs there goes on to its end, nothing new comes', async () => {
    const running = await executions.submit(held('running'))
    await executions.untilState(running, 'running')
    await drain()
    const waiting = await executions.submit(quick('waiting'))
    touch('go')
    expect((await executions.final(running)).state).toBe('succeeded')
    expect((await executions.get(waiting)).state).toBe('pending')
    await activate()
    expect((await executions.final(waiting)).state).toBe('succeeded')
  })

  test('at the same time as placements: each is placed or waits; none is lost', async () => {
    touch('go')
    for (let i = 0; i < 5; i++) {
      const [ids] = await Promise.all([
        Promise.all(Array.from({ length: 4 }, (_, n) => executions.submit(quick(`r${i}-${n}`)))),
        drain(),
      ])
      for (const id of ids) expect((await executions.get(id)).state).not.toBe('failed')
      await activate()
      for (const id of ids) expect((await executions.final(id)).state).toBe('succeeded')
    }
    expect(order().toSorted()).toEqual([...new Set(order())].toSorted())
  })
})

describe('an idempotency key', () => {
  test('of a request whose answer was lost gives the same execution, also after the server died', async () => {
    const headers = { 'idempotency-key': 'only-once' }
    const abort = new AbortController()
    const lost = server.api.open('submitExecution', { body: quick('once'), headers, signal: abort.signal })
    await eventually('it was accepted', async () => {
      const { body } = await server.api.call('listExecutions', { query: { name: 'once' } })
      return body.items.length === 1
    })
    abort.abort()
    await lost.catch(() => undefined)
    await server.kill()
    await server.start()
    const again = await server.api.call('submitExecution', { body: quick('once'), headers })
    expect(again.status).toBe(200)
    expect((await executions.final(again.body.id)).state).toBe('succeeded')
    expect(order()).toEqual(['once'])
    const other = await server.api.call('submitExecution', { body: quick('another'), headers })
    expect(other).toMatchObject({ status: 409, body: { executions: [again.body.id] } })
  })

  test('belongs to its tenant', async () => {
    const headers = { 'idempotency-key': 'shared-word' }
    const ids = await Promise.all(
      ['left', 'right'].map(async (tenant) => {
        const client = await server.clientOf(tenant)
        return (await client.call('submitExecution', { body: quick(tenant), headers })).body.id
      }),
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('given by many at once makes one execution', async () => {
    const headers = { 'idempotency-key': 'crowd' }
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => server.api.call('submitExecution', { body: quick('crowd'), headers })),
    )
    expect(new Set(answers.map((a) => a.body.id)).size).toBe(1)
    expect(answers.map((a) => a.status).toSorted()).toEqual([...Array(9).fill(200), 201])
  })
})
