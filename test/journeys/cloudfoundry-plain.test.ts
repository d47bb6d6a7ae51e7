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

test('with the profile of 2016 every task shows its environment variables, {} where there are none', async () => {
  const { resources } = await world.admin.must('GET', '/v3/apps?names=plain')
  const task = await world.admin.run(resources[0].guid, { command: 'true' })
  expect(task.environment_variables).toEqual({})
  // The object's fields in the seed document of 2016.
  for (const key of ['guid', 'name', 'command', 'memory_in_mb', 'state', 'result', 'created_at', 'updated_at', 'links'])
    expect(task).toHaveProperty(key)
  expect(task.result).toHaveProperty('failure_reason')
}, 30_000)

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
