/** Deployments of one environment: in the order in which they were asked for, whole or not at all. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/taskport-process.ts'
import { type Activity, hasUpsunCli, UpsunWorld } from '../support/upsun-world.ts'

const MAIN = '/projects/order/environments/main'

/** `seconds`: how long its build takes. */
const configOf = (version: string, seconds: number, build = 'true'): Record<string, string> => ({
  '.upsun/config.yaml': `
tasks:
  t:
    type: "python:3.11"
    hooks: { build: 'echo "$SEEN" > seen; sleep ${seconds}; ${build}' }
    run: { command: 'echo ${version} $(cat seen); printf unfinished' }
`,
})

describe('deployments', () => {
  const world = new UpsunWorld()
  /** Newest first; none before the project is there. */
  const activities = async (): Promise<readonly Activity[]> => {
    const told = await world.json<Activity[] | object>(`${MAIN}/activities`)
    return Array.isArray(told) ? told : []
  }
  const building = (): Promise<Activity> =>
    eventually('a build is under way', async () => (await activities()).find(({ state }) => state === 'in_progress'))
  const setVariable = async (name: string, value: string): Promise<{ status: number; body: Changed }> => {
    const reply = await world.api(`${MAIN}/variables`, { method: 'POST', body: JSON.stringify({ name, value }) })
    return { status: reply.status, body: (await reply.json()) as Changed }
  }
  const ended = (id: string): Promise<Activity> =>
    eventually('it has ended', async () => {
      const activity = await world.activity('order', id)
      return activity.completion_percent === 100 ? activity : undefined
    })
  const deploy = (files: Record<string, string>) => world.deploy('order', files)
  beforeAll(() => world.open(), 60_000)
  afterAll(() => world.close())

  test('a later one waits, whatever is quicker; a changed variable is deployed on top of what is under way', async () => {
    const slow = deploy(configOf('slow', 2))
    const first = await building()
    expect(first).toMatchObject({ type: 'environment.push', completion_percent: 1, result: null })
    expect(first.started_at).not.toBeNull()
    const quick = deploy(configOf('quick', 0))
    const second = await eventually('the second is accepted', async () => {
      const [newest] = await activities()
      return newest!.id === first.id ? undefined : newest
    })
    expect(second).toMatchObject({ state: 'pending', started_at: null, completion_percent: 0 })
    expect(second.payload.taskport).toMatchObject({ waiting_for: `the activity ${first.id}`, queue_position: 1 })
    const { status, body } = await setVariable('env:SEEN', 'it')
    const third = body._embedded.activities[0]!
    expect([status, third.type, third.state]).toEqual([201, 'environment.variable.create', 'pending'])
    expect((await Promise.all([slow, quick])).map(({ code }) => code)).toEqual([0, 0])
    expect(await ended(third.id)).toMatchObject({ result: 'success' })
    expect(await world.log('order', third.id)).toContain(`Waiting for the activity ${second.id}\nBuilding task 't'\n`)
    expect((await world.run('order', 't')).log).toContain('quick it\n')
    const { wait, build } = (await world.activity('order', first.id)).timings
    expect(build! - wait!).toBeGreaterThan(1)
  }, 30_000)

  test('one that is cancelled lets the next go on, but not what was to be made on top of it', async () => {
    const slow = deploy(configOf('cancelled', 60))
    const { id } = await building()
    const again = await world.json<Changed>(`${MAIN}/redeploy`, { method: 'POST' })
    const quick = deploy(configOf('after', 0))
    await eventually('all are accepted', async () => (await activities())[0]!.type === 'environment.push')
    await world.api(`/projects/order/activities/${id}/cancel`, { method: 'POST' })
    expect((await slow).code).toBe(1)
    const redeployed = again._embedded.activities[0]!.id
    expect(await ended(redeployed)).toMatchObject({ state: 'complete', result: 'failure', failure_reason: 'error' })
    expect(await world.log('order', redeployed)).toContain(`W: The activity ${id}, on which this one was to build, did`)
    expect((await quick).code).toBe(0)
    expect((await world.run('order', 't')).log).toContain('after it\n')
    await eventually('the build that nobody waits for was stopped', async () => {
      const { stdout } = await world.server.run(['ps', '--format', 'json'])
      return (JSON.parse(stdout) as { items: unknown[] }).items.length === 0
    })
  }, 30_000)

  test('the order is kept when the server is killed in between', async () => {
    const slow = deploy(configOf('killed', 3))
    await building()
    const quick = deploy(configOf('last', 0))
    const newest = await eventually('the second is accepted', async () => {
      const [activity] = await activities()
      return activity!.state === 'pending' ? activity : undefined
    })
    await world.server.kill()
    await Promise.all([slow, quick])
    await world.open()
    expect(await ended(newest.id)).toMatchObject({ result: 'success' })
    expect((await world.run('order', 't')).log).toContain('last it\n')
  }, 30_000)

  test('a size that is set while a build is under way stays set', async () => {
    const slow = deploy(configOf('sized', 1))
    await building()
    const body = JSON.stringify({ tasks: { t: { resources: { profile_size: '2' } } } })
    const set = await world.json<Changed>(`${MAIN}/deployments/next`, { method: 'PATCH', body })
    expect(set._embedded.entity).toMatchObject({ tasks: { t: { resources: { profile_size: '2' } } } })
    expect((await slow).code).toBe(0)
    expect(await world.json(`${MAIN}/deployments/current`)).toMatchObject({
      tasks: { t: { resources: { profile_size: '2' } } },
    })
  }, 30_000)

  test('a variable that cannot be given to a program is not made, and spoils nothing', async () => {
    const long = await setVariable('long', 'x'.repeat(70_000))
    expect([long.status, long.body.message]).toEqual([400, 'value: at most 65536 bytes are possible'])
    expect((await setVariable('one', 'x'.repeat(60_000))).status).toBe(201)
    const both = await setVariable('two', 'x'.repeat(60_000))
    expect([both.status, both.body.message]).toEqual([400, expect.stringContaining('too long together: 16')])
    const names = (await world.json<{ name: string }[]>(`${MAIN}/variables`)).map(({ name }) => name)
    expect(names).toEqual(['env:SEEN', 'one'])
    expect((await world.run('order', 't')).activity.result).toBe('success')
  }, 30_000)

  test('of changes at once none is lost, and of two of one name one is a conflict', async () => {
    const replies = await Promise.all(['a', 'b', 'c', 'c'].map((name) => setVariable(name, 'x')))
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409])
    const made = replies.flatMap(({ body }) => body._embedded?.activities ?? [])
    for (const { id } of made) expect(await ended(id)).toMatchObject({ result: 'success' })
  }, 30_000)

  test('what a command left unfinished is ended before the log says how it ended', async () => {
    const files = configOf('x', 0)
    const failing = files['.upsun/config.yaml']!.replace('printf unfinished', 'printf unfinished; exit 3')
    expect((await deploy({ '.upsun/config.yaml': failing })).code).toBe(0)
    expect((await world.run('order', 't')).log).toMatch(/unfinished\nW: The command exited with code 3\n$/)
  }, 30_000)

  test.skipIf(!hasUpsunCli)(
    'what is edited is answered as it is now',
    async () => {
      const place = ['-p', 'order', '-e', 'main']
      const titled = await world.upsun(['environment:info', ...place, 'title', 'The main one'])
      expect(titled.stdout + titled.stderr).toContain('Property title set to: The main one')
      const typed = await world.upsun(['environment:info', ...place, 'type', 'staging'])
      expect(typed.stdout + typed.stderr).toContain('Property type set to: staging')
    },
    30_000,
  )
})

interface Changed {
  readonly message?: string
  readonly _embedded: { readonly activities: readonly Activity[]; readonly entity?: object }
}
