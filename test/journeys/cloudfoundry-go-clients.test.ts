/**
 * go-cfclient v3 and go-log-cache (the library that the cf CLI reads logs with), unmodified, through one journey:
 * test/support/cf-go-client. Run where `node scripts/cf-clients.mjs` has built it.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cfGoClient } from '../../scripts/cf-clients.mjs'
import { type CfWorld, openCfWorld } from '../support/cf-world.ts'

const run = promisify(execFile)

function found(): string | undefined {
  try {
    return cfGoClient({ build: false })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

const program = found()
let world: CfWorld

describe.skipIf(program === undefined)('clients in Go', () => {
  beforeAll(async () => {
    world = await openCfWorld()
  }, 60_000)
  afterAll(() => world?.close())

  test('push, tasks, services, droplets, roles, quotas, events, logs as a walk, delete', async () => {
    const { stdout } = await run(program!, [world.url, world.username, world.password], { timeout: 120_000 })
    expect(JSON.parse(stdout)).toEqual({
      app: ['go', 'STARTED'],
      stats: 0,
      templated: [1, 'sh run.sh', 'SUCCEEDED', 64, true],
      failed: ['FAILED', 'APP/TASK/failing: Exited with status 3'],
      cancelled: 'CANCELING',
      reason: 'task was cancelled',
      refused: true,
      numbers: [1, 2, 3],
      labelled: 'templated',
      relabelled: 'other',
      bound: ['app', 'go'],
      environment: ['5', true],
      withEnvironment: true,
      reuploaded: 'SUCCEEDED',
      copied: 'STAGED',
      roles: [2, 1, 'space_auditor'],
      quota: 'default',
      given: 1,
      usage: true,
      audit: [4, 1],
      logs: { started: 1, exit: 1, failed: 1, staging: 1 },
      deleted: true,
    })
  }, 150_000)
})
