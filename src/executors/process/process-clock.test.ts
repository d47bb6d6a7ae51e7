/** A cell whose wall clock is set back and forth while programs run. Needs a C compiler. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { harness, id, observer, off, open, shut, start } from './fixtures/attempt-fixture.ts'
import { CELL_FIXTURE } from './fixtures/process-harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-clock-'))
const library = join(directory, 'set-clock.so')
const clockFile = join(directory, 'clock')
const setClock = (seconds: number): void => writeFileSync(clockFile, String(seconds))
const HOUR_S = 3_600

function compiles(): boolean {
  const source = fileURLToPath(new URL('../../../test/support/clock/set-clock.c', import.meta.url))
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

afterEach(shut)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe.runIf(compiles())("a cell's clock that is set", () => {
  it.each([
    ['forward', HOUR_S],
    ['back', -HOUR_S],
  ])('%s changes no limit, no grace and no exit', async (_way, seconds) => {
    setClock(0)
    const preload = ['/usr/bin/env', `LD_PRELOAD=${library}`, `CLOCK_FILE=${clockFile}`]
    await open({ ...off, cellCommand: [...preload, process.execPath, CELL_FIXTURE] })
    const began = performance.now()
    const deaf = ['sh', '-c', "trap '' TERM; echo ready; while :; do sleep 0.05; done"]
    await start(['sleep', '600'], { timeoutMs: 1_200 })
    await start(deaf, {}, id(1))
    await start(['sh', '-c', 'sleep 0.9; exit 7'], { timeoutMs: 60_000 }, id(2))
    for (const step of [0, 1, 2]) await observer.started(id(step))
    await expect.poll(() => harness.output(id(1)), { timeout: 10_000 }).toBe('ready\n')
    setClock(seconds)
    await harness.executor.stop(id(1), { signal: 'SIGTERM', graceMs: 500 })
    expect((await observer.exit(id(1))).exit).toMatchObject({ signal: 'SIGKILL', killedAfterGrace: true })
    expect((await observer.exit(id(2))).exit).toMatchObject({ outcome: 'exited', code: 7 })
    const limited = await observer.exit(id())
    expect(performance.now() - began).toBeGreaterThan(1_150)
    expect(performance.now() - began).toBeLessThan(30_000)
    expect(limited.exit.outcome).toBe('timedOut')
    // The clock was the cell's own: its times say so.
    expect(Math.abs(limited.at - Date.now() - seconds * 1_000)).toBeLessThan(60_000)
  })
})
