/** A wall clock that is set back and forth while tasks run: durations stay what they are. Needs a C compiler. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Executions, shell } from '../support/executions.ts'
import { ServerProcess } from '../support/server-process.ts'

const HOUR_S = 3_600
const directory = mkdtempSync(join(tmpdir(), 'taskport-clock-'))
const library = join(directory, 'set-clock.so')
const clockFile = join(directory, 'clock')
const setClock = (seconds: number): void => writeFileSync(clockFile, String(seconds))

function compiles(): boolean {
  const source = fileURLToPath(new URL('../support/clock/set-clock.c', import.meta.url))
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.runIf(compiles())('while the wall clock is set', () => {
  let server: ServerProcess
  const executions = new Executions(() => server.api)
  beforeAll(async () => {
    setClock(0)
    const environment = { LD_PRELOAD: library, CLOCK_FILE: clockFile }
    server = await ServerProcess.start({ flags: ['--sandbox', 'off'], environment })
  })
  afterAll(async () => {
    await server.end()
    rmSync(directory, { recursive: true, force: true })
  })

  test('the clock of the server is the test’s', async () => {
    setClock(10 * HOUR_S)
    const { acceptedAt } = await executions.run({ command: ['/bin/true'] })
    expect(Date.parse(acceptedAt) - Date.now()).toBeGreaterThan(9 * HOUR_S * 1_000)
    setClock(0)
  })

  test.each([
    ['forward', HOUR_S],
    ['back', -HOUR_S],
  ])('%s: limits strike neither early nor never, and what waits to be tried again is', async (_way, seconds) => {
    const whole = (timeout: string) => ({ steps: [{ name: 'a', run: ['/bin/sleep', '600'] }], timeout })
    const began = performance.now()
    const patient = await executions.submit(whole('10m'))
    const limited = await executions.submit(whole('1500ms'))
    const step = await executions.submit({ command: ['/bin/sleep', '600'], timeout: '1500ms' })
    const again = await executions.submit({
      command: shell('exit 3'),
      retry: { limit: 1, backoff: { initial: '1500ms' } },
    })
    await executions.until(again, 'waiting for its retry', (e) => e.steps[0]!.notBefore !== undefined)
    setClock(seconds)
    const done = await Promise.all([limited, step, again].map((id) => executions.final(id)))
    expect(performance.now() - began).toBeGreaterThan(1_400)
    expect(done.map((e) => e.reason?.code)).toEqual(['execution_timeout', 'step_timeout', 'exit_code'])
    expect(done[2]!.steps[0]!.attempts).toHaveLength(2)
    expect((await executions.get(patient)).state).toBe('running')
    expect((await executions.run({ command: shell('exit 0') })).state).toBe('succeeded')
    setClock(0)
    expect((await executions.get(patient)).state).toBe('running')
    await executions.stop(patient)
    expect((await executions.final(patient)).state).toBe('cancelled')
  })
})
