import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import {
  commands,
  harness,
  id,
  MIB,
  observer,
  off,
  on,
  open,
  run,
  sh,
  shut,
  start,
} from './fixtures/attempt-fixture.ts'
import { probeHost } from './probe-host.ts'

const host = probeHost()

afterEach(shut)

describe.runIf(host.cgroups.memory !== undefined)('limits by control groups', () => {
  it('are in force before the first instruction, and gone afterwards', async () => {
    await open(on)
    const { cell } = harness.executor.cells()[0]!
    const { exit } = await sh('i=0; while [ $i -lt 200 ]; do sleep 620 & i=$((i+1)); done; wait', {
      resources: { pids: 20 },
      timeoutMs: 3_000,
    })
    // dash gives up when it cannot fork.
    expect(exit.outcome === 'exited' ? exit.code : exit.outcome).toBe(2)
    await expect.poll(() => commands().filter((command) => command.includes('sleep 620'))).toEqual([])
    await observer.end()
    await harness.executor.endAll()
    expect(groupsOf(cell)).toEqual([])
  })

  it('hold a fork bomb: others go on starting, and it ends when told to', async () => {
    await open(on)
    await start(['sh', '-c', 'f() { f | f & }; f; sleep 600'], { resources: { pids: 50 } })
    await observer.started(id())
    const began = Date.now()
    await sh('true', {}, id(1))
    expect(Date.now() - began).toBeLessThan(5_000)
    await harness.executor.stop(id(), { signal: 'SIGTERM', graceMs: 100 })
    await observer.exit(id())
    await expect.poll(() => harness.processes()).toEqual([])
  })

  it.each([
    ['without sandbox', off],
    ['in a sandbox', on],
  ] as const)('tell death for want of memory from other kills, %s', async (_name, options) => {
    await open(options)
    const resources = { memoryBytes: 32 * MIB }
    const hog = 'sort --buffer-size=200M /dev/zero; exit $?'
    const direct = await run(['sort', '--buffer-size=200M', '/dev/zero'], { resources }, id(1))
    expect(direct.exit).toMatchObject({ outcome: 'outOfMemory', signal: 'SIGKILL' })
    expect(direct.usage?.peakMemoryBytes).toBeGreaterThan(25 * MIB)
    expect((await sh(hog, { resources }, id(2))).exit).toMatchObject({ outcome: 'outOfMemory' })
    expect((await sh('exit 137', { resources }, id(3))).exit).toMatchObject({ outcome: 'exited', code: 137 })
    expect((await sh('kill -9 $$', { resources })).exit).toMatchObject({ outcome: 'signaled', signal: 'SIGKILL' })
  })

  it('slow a program down to its share and report what it used', async () => {
    await open(on)
    const { usage, startedAt, at } = await sh('i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done', {
      resources: { cpuLimitUnits: 256 },
    })
    const cpuMs = (usage?.cpuMicros ?? 0) / 1_000
    expect(cpuMs).toBeGreaterThan(50)
    // A quarter of a core: at least thrice the CPU time passes on the clock.
    expect((at - (startedAt ?? at)) / cpuMs).toBeGreaterThan(2.5)
  })

  it('are told while it runs', async () => {
    await open(on)
    await start(['sleep', '600'], { resources: { memoryBytes: 64 * MIB, pids: 10 } })
    await observer.started(id())
    expect(await harness.executor.stats(id())).toMatchObject({
      memoryBytes: expect.any(Number),
      pids: 2,
      at: expect.any(Number),
    })
    expect(await harness.executor.stats(id(1))).toBeUndefined()
  })
})

const groupsOf = (cell: string): string[] =>
  [host.cgroups.kill, host.cgroups.memory, host.cgroups.pids, host.cgroups.cpu].flatMap((root) =>
    root === undefined ? [] : readdirSync(root).filter((name) => name.startsWith(`taskport-${cell}`)),
  )
