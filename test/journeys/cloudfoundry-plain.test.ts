/** A machine without a sandbox, and the profile of 2016. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CfWorld, dropletOf, openCfWorld } from '../support/cf-world.ts'

let world: CfWorld

beforeAll(async () => {
  world = await openCfWorld(['--sandbox', 'off', '--cf-profile', '2016'])
}, 60_000)
afterAll(() => world?.close())

test('without a sandbox a droplet is unpacked and copied all the same, and no task changes it for the next', async () => {
  const app = await world.admin.pushDroplet('plain', dropletOf({ 'a.txt': 'original\n', '.profile': 'export P=yes\n' }))
  const command = 'cat a.txt; echo $P; [ "$PWD" = "$HOME" ] && echo home; echo changed > a.txt'
  for (const name of ['one', 'two']) {
    const task = await world.admin.run(app, { command, name })
    expect(task.state).toBe('SUCCEEDED')
    expect(await world.admin.recentLogs(task.guid)).toEqual([
      ...['original', 'yes', 'home', 'Exit status 0'].map((line) => `[APP/TASK/${name}/0] OUT ${line}`),
    ])
  }
}, 60_000)

const STATES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'CANCELING', 'FAILED']

/** Every field of the task object's page of 2016, with its type as it is given there. */
const FIELDS_OF_2016: Readonly<Record<string, (value: unknown) => void>> = {
  guid: (value) => expect(value).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/),
  name: (value) => expect(value).toBe('then'),
  command: (value) => expect(value).toBe('exit 3'),
  environment_variables: (value) => expect(value).toEqual({}),
  memory_in_mb: (value) => expect(value).toBe(1_024),
  state: (value) => expect(STATES).toContain(value),
  result: (value) => expect(value).toEqual({ failure_reason: 'APP/TASK/then: Exited with status 3' }),
  created_at: (value) => expect(value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  updated_at: (value) => expect(value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  links: (value) => expect(Object.keys(value as object)).toEqual(['self', 'app', 'cancel', 'droplet']),
}

test('with the profile of 2016 a task has every field of that time; environment_variables is {} where there are none', async () => {
  const { resources } = await world.admin.must('GET', '/v3/apps?names=plain')
  const path = `/v3/apps/${resources[0].guid}/tasks`
  const made = await world.admin.must('POST', path, { command: 'exit 3', name: 'then' })
  expect(made.result).toEqual({ failure_reason: null })
  const task = await world.admin.ended(made.guid)
  for (const [field, check] of Object.entries(FIELDS_OF_2016)) check(task[field])
  const given = { command: 'true', environment_variables: { A: '1' } }
  expect((await world.admin.must('POST', path, given)).environment_variables).toEqual({ A: '1' })
  expect((await world.admin.must('GET', path)).resources[0].environment_variables).toEqual({})
  // A list of all apps hides it with the command.
  expect((await world.admin.must('GET', '/v3/tasks')).resources[0]).not.toHaveProperty('environment_variables')
}, 30_000)

test('the log cache tells how much it has of each source', async () => {
  const { resources } = await world.admin.must('GET', '/v3/apps?names=plain')
  // What still runs would write between the two readings.
  await world.admin.until('/v3/tasks?states=PENDING,RUNNING', ({ pagination }) => pagination.total_results === 0)
  const { envelopes } = await world.admin.must('GET', `/api/v1/read/${resources[0].guid}?limit=1000`)
  const { meta } = await world.admin.must('GET', '/api/v1/meta')
  expect(meta[resources[0].guid].count).toBe(String(envelopes.batch.length))
  const [first, last] = [envelopes.batch[0], envelopes.batch.at(-1)].map(({ timestamp }) => BigInt(timestamp))
  expect(BigInt(meta[resources[0].guid].oldestTimestamp) <= first!).toBe(true)
  expect(BigInt(meta[resources[0].guid].newestTimestamp) >= last! - 1_000_000n).toBe(true)
})

test('following a log by its last time stamp gives every line once and in order, however many came at once', async () => {
  const { resources } = await world.admin.must('GET', '/v3/apps?names=plain')
  const task = await world.admin.run(resources[0].guid, { command: 'seq 5000', log_rate_limit_in_bytes_per_second: -1 })
  const seen: string[] = []
  for (let from = 0n; ; ) {
    const path = `/api/v1/read/${task.guid}?envelope_types=LOG&limit=700&start_time=${from}`
    const { batch } = (await world.admin.must('GET', path)).envelopes
    if (batch.length === 0) break
    for (const { log } of batch) seen.push(Buffer.from(log.payload, 'base64').toString())
    from = BigInt(batch.at(-1).timestamp) + 1n
  }
  expect(seen).toEqual([...Array.from({ length: 5_000 }, (_, i) => String(i + 1)), 'Exit status 0'])
}, 30_000)
