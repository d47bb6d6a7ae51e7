import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  cellPid,
  commands,
  execution,
  harness,
  id,
  observer,
  off,
  on,
  open,
  restart,
  run,
  shut,
  start,
} from './fixtures/attempt-fixture.ts'

afterEach(shut)

describe('a cell that is killed', () => {
  it.each([
    ['without sandbox', off],
    ['in a sandbox', on],
  ] as const)('loses no exit, and what ran is dead before it is lost, %s', async (_name, options) => {
    await open(options, false)
    await start(['sh', '-c', '(setsid sleep 631 >/dev/null 2>&1 &); sleep 632'])
    await start(['sh', '-c', 'exit 7'], {}, id(1))
    await observer.started(id())
    expect((await observer.exit(id(1))).exit.code).toBe(7)
    process.kill(cellPid(), 'SIGKILL')
    const lost = await observer.exit(id())
    expect(lost.exit).toMatchObject({ outcome: 'lost', reason: { code: 'cell_died' } })
    expect(commands().filter((command) => /sleep 63[12]/.test(command))).toEqual([])
    expect(observer.seen.filter(({ attempt, kind }) => attempt === id(1) && kind === 'exited')).toHaveLength(1)
    await harness.executor.ack(observer.seen)
    expect((await run(['true'], {}, id(2))).exit.code).toBe(0)
    await harness.executor.ack(observer.seen)
    await expect
      .poll(() => readdirSync(join(harness.directory, 'process', 'cells')).filter((name) => name.endsWith('.dead')))
      .toEqual([])
  })

  it('together with its server: the next server kills, tells, and forgets nothing that was not acknowledged', async () => {
    await open(off, false)
    await start(['sh', '-c', 'sleep 633'], { closesAllocation: true })
    await start(['sh', '-c', 'exit 7'], {}, id(1))
    await harness.executor.stop(id(2), { signal: 'SIGTERM', graceMs: 0 })
    await observer.started(id())
    await observer.exit(id(1))
    const pid = cellPid()
    harness.executor.abandon()
    process.kill(pid, 'SIGKILL')
    for (let round = 0; round < 2; round++) {
      await restart(false)
      expect((await observer.exit(id())).exit.reason?.code).toBe('cell_died')
      expect((await observer.exit(id(1))).exit.code).toBe(7)
      expect(commands().filter((command) => command.includes('sleep 633'))).toEqual([])
    }
    expect((await run(['true'], {}, id(2))).exit.outcome).toBe('refused')
    expect(existsSync(join(harness.directory, 'process', 'allocations', `${execution}.1`))).toBe(false)
  })

  it('with its machine: what ran is lost by the restart, and whoever has its numbers now is left alone', async () => {
    await open(off, false)
    await start(['sleep', '634'], { closesAllocation: true })
    await start(['sh', '-c', 'exit 7'], {}, id(1))
    await observer.started(id())
    await observer.exit(id(1))
    const pid = cellPid()
    harness.executor.abandon()
    const directory = join(harness.directory, 'process', 'cells')
    const identity = join(directory, readdirSync(directory)[0]!, 'identity')
    process.kill(pid, 'SIGKILL')
    // As after a boot: another boot id. What is left of the program plays a stranger that got its number.
    writeFileSync(identity, JSON.stringify({ ...JSON.parse(readFileSync(identity, 'utf8')), boot: 'former' }))
    await restart(false)
    expect((await observer.exit(id())).exit).toMatchObject({ outcome: 'lost', reason: { code: 'machine_restarted' } })
    expect((await observer.exit(id(1))).exit.code).toBe(7)
    const strangers = harness.processes().map((line) => Number.parseInt(line, 10))
    expect(strangers).toHaveLength(1)
    for (const stranger of strangers) process.kill(stranger, 'SIGKILL')
    expect((await run(['true'], {}, id(2))).exit.code).toBe(0)
  })

  it('not at all, but robbed of its directory, ends when its last program has', async () => {
    await open(off)
    await start(['sleep', '636'])
    await observer.started(id())
    const pid = cellPid()
    harness.executor.abandon()
    rmSync(join(harness.directory, 'process', 'cells'), { recursive: true })
    const lives = (): boolean =>
      existsSync(`/proc/${pid}/environ`) && !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    const [program] = harness.processes().map((line) => Number.parseInt(line, 10))
    expect(lives()).toBe(true)
    process.kill(program!, 'SIGKILL')
    await expect.poll(lives, { timeout: 30_000 }).toBe(false)
    await harness.restart()
  })

  it('never left a secret in its journal', async () => {
    await open(off)
    await run(['sh', '-c', 'exit 0', 'argument-secret'], { env: { PASSWORD: 'hunter2' } })
    const cells = join(harness.directory, 'process', 'cells')
    const texts = readdirSync(cells).flatMap((cell) =>
      ['journal-0', 'journal-1', 'config.json'].map((name) => readFileSync(join(cells, cell, name), 'utf8')),
    )
    expect(texts.some((text) => text.includes(id()))).toBe(true)
    expect(texts.filter((text) => text.includes('hunter2') || text.includes('argument-secret'))).toEqual([])
  })
})

describe('a server that ends in peace', () => {
  // Nobody may have waited for it yet: a zombie has ended.
  const isGone = (pid: number): boolean => {
    try {
      return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch {
      return true
    }
  }

  it('takes cells along that hold nothing, and leaves those that do', async () => {
    await open(off, false)
    await run(['true'], { closesAllocation: true })
    await harness.executor.ack(observer.seen)
    const idle = cellPid()
    await harness.executor.detach()
    await expect.poll(() => isGone(idle)).toBe(true)
    await restart(false)
    await start(['sleep', '634'], {}, id(1))
    await observer.started(id(1))
    const busy = cellPid()
    await harness.executor.detach()
    await restart(false)
    expect(isGone(busy)).toBe(false)
    await harness.executor.stop(id(1), { signal: 'SIGKILL', graceMs: 0 })
    expect((await observer.exit(id(1))).exit.outcome).toBe('signaled')
  })
})
