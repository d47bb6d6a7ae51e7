/** What else becomes an activity besides runs, what deployments cancel, and what ends tokens. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/taskport-process.ts'
import { type Activity, hasUpsunCli, UpsunWorld } from '../support/upsun-world.ts'

const config = (hook: string): string => `
tasks:
  sleeper: { type: "python:3.11", run: { command: "echo asleep; sleep 120" } }
  quick: { type: "python:3.11", hooks: { build: "${hook}" }, run: { command: "sleep 1; echo said $WHO" } }
`
const MAIN = '/projects/kinds/environments/main'

interface Told extends Activity {
  readonly type: string
  readonly text: string
}

describe('activities', () => {
  const world = new UpsunWorld()
  beforeAll(async () => {
    await world.open()
    const deployed = await world.deploy('kinds', { '.upsun/config.yaml': config('true') })
    expect(deployed.code, deployed.stderr).toBe(0)
  }, 60_000)
  afterAll(() => world.close())

  const post = async (path: string, body: object, method = 'POST'): Promise<Told[]> => {
    const reply = await world.api(path, { method, body: JSON.stringify(body) })
    const json = (await reply.json()) as { _embedded: { activities: Told[] } }
    expect(reply.status, JSON.stringify(json)).toBeLessThan(300)
    return json._embedded.activities
  }
  const ended = (id: string): Promise<Activity> =>
    eventually('it ended', async () => {
      const activity = await world.activity('kinds', id)
      return activity.completion_percent === 100 ? activity : undefined
    })

  test('a change of an environment’s variable deploys: it cancels what runs, and what begins meanwhile goes on', async () => {
    const run = await world.start('kinds', 'sleeper')
    await eventually('it runs', async () => (await world.activity('kinds', run.id)).state === 'in_progress')
    const [created] = await post(`${MAIN}/variables`, { name: 'env:WHO', value: 'you' })
    const meanwhile = world.run('kinds', 'quick')
    expect(created).toMatchObject({
      type: 'environment.variable.create',
      text: 'admin created variable **env:WHO** on environment **main**',
    })
    expect(await ended(created!.id)).toMatchObject({ state: 'complete', result: 'success' })
    expect(await ended(run.id)).toMatchObject({ state: 'cancelled', result: 'failure' })
    expect(await world.log('kinds', run.id)).toContain(`the environment was deployed (activity ${created!.id})`)
    expect((await meanwhile).log).toContain('said you\n')
  }, 30_000)

  test('every kind is listed, newest first, by project and by environment, read, logged and not cancelled', async () => {
    await post('/projects/kinds/variables', { name: 'env:P', value: '1' })
    await post('/projects/kinds/variables/env%3AP', { value: '2' }, 'PATCH')
    await post('/projects/kinds/variables/env%3AP', {}, 'DELETE')
    await post(`${MAIN}/deployments/next`, { tasks: { quick: { resources: { profile_size: '1' } } } }, 'PATCH')
    const [redeployed] = await post(`${MAIN}/redeploy`, {})
    await ended(redeployed!.id)
    const all = await world.json<Told[]>('/projects/kinds/activities?count=100')
    const shown = all.filter(({ type }) => type !== 'environment.task').map(({ type, text }) => [type, text])
    expect(shown).toEqual([
      ['environment.redeploy', 'admin redeployed **main**'],
      ['environment.resources.update', 'admin updated resources on environment **main**'],
      ['project.variable.delete', 'admin deleted variable **env:P**'],
      ['project.variable.update', 'admin updated variable **env:P**'],
      ['project.variable.create', 'admin created variable **env:P**'],
      ['environment.variable.create', 'admin created variable **env:WHO** on environment **main**'],
      ['environment.push', 'admin deployed **main**'],
      ['environment.branch', 'admin created environment **main**'],
      ['project.create', 'admin created project **kinds**'],
    ])
    const types = async (query: string): Promise<readonly string[]> =>
      (await world.json<Told[]>(`${MAIN}/activities?${query}`)).map(({ type }) => type)
    expect(await types('type=project.create')).toEqual([])
    expect(await types('type=environment.branch&type=environment.push')).toEqual([
      'environment.push',
      'environment.branch',
    ])
    expect(await types('state=cancelled&type=environment.branch')).toEqual([])
    expect(await types('count=2')).toEqual(['environment.redeploy', 'environment.resources.update'])
    const instant = all.find(({ type }) => type === 'project.variable.update')!
    expect(await world.activity('kinds', instant.id)).toEqual(instant)
    expect(Object.keys(instant).sort()).toEqual(Object.keys(all[0]!).sort())
    expect(await world.log('kinds', instant.id)).toBe('admin updated variable env:P\n')
    const cancelled = await world.api(`/projects/kinds/activities/${instant.id}/cancel`, { method: 'POST' })
    expect([cancelled.status, await cancelled.text()]).toEqual([
      400,
      expect.stringContaining('cannot be cancelled in its current state'),
    ])
    expect((await world.api(`${MAIN}/activities/${instant.id}`)).status).toBe(404)
  }, 30_000)

  test.skipIf(!hasUpsunCli)(
    'the vendor’s command line waits for the deployment of a variable and lists it',
    async () => {
      const at = ['-p', 'kinds', '-e', 'main']
      const updated = await world.upsun(['variable:update', 'env:WHO', ...at, '--value', 'cli', '--wait'])
      expect(updated.code, updated.stderr).toBe(0)
      expect(updated.stderr).toContain('The activity succeeded')
      const listed = await world.upsun([
        'activity:list',
        ...at,
        '--format',
        'csv',
        '--type',
        'environment.variable.update',
      ])
      expect(listed.stdout).toContain('admin updated variable **env:WHO**')
      const { stdout } = await world.upsun(['project:curl', '-p', 'kinds', '/environments'])
      expect(JSON.parse(stdout)).toMatchObject([{ id: 'main' }])
    },
    20_000,
  )

  test.skipIf(!hasUpsunCli)(
    'titles, type and parent are changed; what cannot be is refused',
    async () => {
      const titled = await world.upsun(['project:info', '-p', 'kinds', 'title', 'All kinds', '--wait'])
      expect(titled.code, titled.stderr).toBe(0)
      const [newest] = await world.json<Told[]>('/projects/kinds/activities?count=1')
      expect(newest).toMatchObject({ type: 'project.modify.title', text: 'admin changed the title of **kinds**' })
      const named = await world.upsun(['environment:info', '-p', 'kinds', '-e', 'main', 'title', 'First', '--wait'])
      expect(named.code, named.stderr).toBe(0)
      expect(await world.json(MAIN)).toMatchObject({ title: 'First', type: 'development' })
      await post('/projects/kinds', { timezone: 'Europe/Paris' }, 'PATCH')
      expect(await world.json('/projects/kinds')).toMatchObject({ title: 'All kinds', timezone: 'Europe/Paris' })
      for (const [path, body] of [
        ['/projects/kinds', { timezone: 'Nowhere/Near' }],
        ['/projects/kinds', { owner: 'me' }],
        ['/projects/kinds', { title: '' }],
        [MAIN, { type: 'holiday' }],
        [MAIN, { parent: 'main' }],
        [MAIN, { title: 7 }],
      ] as const) {
        const reply = await world.api(path, { method: 'PATCH', body: JSON.stringify(body) })
        expect([body, reply.status]).toEqual([body, 400])
      }
    },
    30_000,
  )

  test('a deployment that ends under the next server cancels what it replaced', async () => {
    const run = await world.start('kinds', 'sleeper')
    await eventually('it runs', async () => (await world.activity('kinds', run.id)).state === 'in_progress')
    const accepted = await world.deploy('kinds', { '.upsun/config.yaml': config('sleep 2') }, ['--no-wait'])
    expect(accepted.code, accepted.stderr).toBe(0)
    await world.server.kill()
    await world.open()
    expect(await ended(run.id)).toMatchObject({ state: 'cancelled', result: 'failure' })
  }, 30_000)

  test('a revoked token ends at once, and with an API token whatever was exchanged for it', async () => {
    const url = `${world.variables.UPSUN_CLI_AUTH_URL}/oauth2`
    const exchange = async (
      form: Record<string, string>,
    ): Promise<{ status: number; access_token: string; refresh_token: string }> => {
      const reply = await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams(form) })
      return { status: reply.status, ...((await reply.json()) as { access_token: string; refresh_token: string }) }
    }
    const status = async (token: string): Promise<number> =>
      (await world.api('/users/me', { headers: { authorization: `Bearer ${token}` } })).status
    const first = await exchange({ grant_type: 'api_token', api_token: world.variables.UPSUN_CLI_TOKEN! })
    expect(await status(first.access_token)).toBe(200)
    for (const token of [first.access_token, first.refresh_token, 'unknown'])
      expect((await fetch(`${url}/revoke`, { method: 'POST', body: new URLSearchParams({ token }) })).status).toBe(200)
    expect(await status(first.access_token)).toBe(401)
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
    expect((await exchange(refresh)).status).toBe(400)
    expect(await status(world.variables.UPSUN_CLI_TOKEN!)).toBe(200)

    const minted = await world.server.run([
      'token',
      'create',
      '--face',
      'upsun',
      '--tenant',
      'default',
      '--format',
      'json',
    ])
    expect(minted.code, minted.stderr).toBe(0)
    const { id, secret } = JSON.parse(minted.stdout) as { id: string; secret: string }
    const second = await exchange({ grant_type: 'api_token', api_token: secret })
    expect(await status(second.access_token)).toBe(200)
    expect((await world.server.run(['token', 'revoke', id])).code).toBe(0)
    await eventually('its tokens end', async () => (await status(second.access_token)) === 401)
    expect((await exchange({ grant_type: 'refresh_token', refresh_token: second.refresh_token })).status).toBe(400)
  }, 30_000)

  test('filters leave out what does not match, and nothing else, also of a build that is under way', async () => {
    const files = { '.upsun/config.yaml': config('sleep 60') }
    const deploying = world.deploy('kinds', files, ['--environment', 'slow'])
    const listed = async (query: string): Promise<readonly Told[]> => {
      const told = await world.json<Told[]>(`/projects/kinds/activities?count=1000&${query}`)
      return Array.isArray(told) ? told : []
    }
    const building = await eventually('it builds', async () =>
      (await listed('state=in_progress')).find(({ type }) => type === 'environment.push'),
    )
    const all = await listed('')
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['in_progress', 'complete', 'cancelled']))
    const sets = (values: readonly string[]): readonly (readonly string[])[] =>
      Array.from({ length: 2 ** values.length }, (_, n) => values.filter((_, bit) => n & (1 << bit)))
    for (const states of sets(['pending', 'in_progress', 'complete', 'cancelled']))
      for (const results of sets(['success', 'failure']))
        for (const types of [[], ['environment.task'], ['environment.push', 'environment.branch']]) {
          const of = (name: string, values: readonly string[]) => values.map((value) => `${name}=${value}`)
          const query = [...of('state', states), ...of('result', results), ...of('type', types)].join('&')
          const has = (values: readonly string[], value: string | null): boolean =>
            values.length === 0 || values.includes(value ?? 'null')
          const wanted = all.filter((a) => has(states, a.state) && has(results, a.result) && has(types, a.type))
          expect([query, (await listed(query)).map(({ id }) => id)]).toEqual([query, wanted.map(({ id }) => id)])
        }
    await world.api(`/projects/kinds/activities/${building.id}/cancel`, { method: 'POST' })
    expect((await deploying).code).toBe(1)
  }, 30_000)

  test('a run that is tried again is an activity of its own', async () => {
    const { activity } = await world.run('kinds', 'quick')
    const retried = await world.server.run(['retry', String(activity.payload.taskport.execution)])
    expect(retried.code, retried.stderr).toBe(0)
    const [again, before] = await world.json<Told[]>('/projects/kinds/activities?type=environment.task&count=2')
    expect([before!.id, again!.payload.taskport.execution]).toEqual([activity.id, retried.stdout.trim()])
    expect(again!.id).not.toBe(activity.id)
    expect(await ended(again!.id)).toMatchObject({ id: again!.id, result: 'success' })
    expect(await world.log('kinds', again!.id)).toMatch(new RegExp(`--${again!.id.slice(0, 8)}\\nsaid`))
    expect((await world.activity('kinds', activity.id)).payload).toEqual(activity.payload)
  }, 30_000)
})
