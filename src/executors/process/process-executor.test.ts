import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { RunSpec } from '../../core/step-spec.ts'
import {
  cellPid,
  childrenOf,
  commands,
  harness,
  id,
  MIB,
  observer,
  off,
  open,
  run,
  sh,
  shut,
  start,
} from './fixtures/attempt-fixture.ts'
import { probeHost } from './probe-host.ts'

const host = probeHost()

afterEach(shut)

describe('a program without sandbox', () => {
  it('leaves nothing behind, whatever it detached from: group, session, parent, environment', async () => {
    await open(off)
    const script = [
      'sleep 601 & ',
      '(setsid sleep 602 &)',
      '(setsid sh -c "setsid sleep 603 >/dev/null 2>&1 &" >/dev/null 2>&1 &)',
      '(env -i setsid sleep 604 >/dev/null 2>&1 &)',
      'sleep 0.2',
    ].join('\n')
    await sh(script)
    const sleepers = (): string[] => commands().filter((command) => /sleep 60[1-4]/.test(command))
    await expect.poll(sleepers).toEqual([])
  })

  it('does not take a running neighbour for something left behind', async () => {
    await open(off)
    await start(['sh', '-c', '(setsid sleep 605 &); sleep 606'])
    await observer.started(id())
    await expect.poll(() => harness.processes().some((command) => command.includes('sleep 605'))).toBe(true)
    for (let step = 1; step < 20; step++) await sh('true', {}, id(step))
    expect(harness.processes().some((command) => command.includes('sleep 605'))).toBe(true)
  })

  it('gets no variable of the server, a clean set of its own, and what its step says', async () => {
    process.env.TASKPORT_TEST_SECRET = 'of the server'
    await open(off)
    await sh('env', { env: { COLOUR: 'blue', PATH: '/usr/bin:/bin' } })
    delete process.env.TASKPORT_TEST_SECRET
    const names = harness
      .output(id())
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('=')[0]!)
    const expected = ['COLOUR', 'HOME', 'PATH', 'PWD', 'TASKPORT_ATTEMPT', 'TASKPORT_EXECUTION', 'TASKPORT_OUTPUTS']
    expect(names.toSorted()).toEqual([...expected, 'TASKPORT_PROGRESS', 'TASKPORT_STEP', 'TASKPORT_WORKSPACE'])
  })

  it('is looked for again when it has gone from where it was found', async () => {
    await open(off)
    const places = ['first', 'second'].map((name) => mkdtempSync(join(tmpdir(), `taskport-${name}-`)))
    for (const place of places) symlinkSync('/bin/true', join(place, 'tool'))
    const tool = async (n: number) => (await run(['tool'], { env: { PATH: places.join(':') } }, id(n))).exit
    expect(await tool(1)).toMatchObject({ outcome: 'exited', code: 0 })
    rmSync(places[0]!, { recursive: true })
    expect(await tool(2)).toMatchObject({ outcome: 'exited', code: 0 })
    rmSync(places[1]!, { recursive: true })
    expect(await tool(3)).toMatchObject({ outcome: 'refused', reason: { code: 'program_missing' } })
  })

  it('finds stdin at its end and its signals at their defaults', async () => {
    await open(off)
    await run(['grep', '-E', 'Sig(Blk|Ign)', '/proc/self/status'])
    // glibc's posix_spawn ignores its own two signals, 32 and 33.
    expect(harness.output(id()).replace('0000000180000000', '0000000000000000')).toBe(
      'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n',
    )
    // The fourth is what ls itself has opened.
    await run(['ls', '/proc/self/fd'], {}, id(1))
    expect(harness.output(id(1))).toBe('0\n1\n2\n3\n')
    expect((await run(['cat'], {}, id(2))).exit.code).toBe(0)
    await sh('ulimit -Sn', {}, id(3))
    expect(Number(harness.output(id(3)))).toBeLessThanOrEqual(1024)
  })

  it.each([
    ['an argument of 10 MB', ['true', 'x'.repeat(10_000_000)], {}, 'invalid_spec'],
    [
      'arguments of 10 MB together',
      ['true', ...Array.from({ length: 100 }, () => 'x'.repeat(100_000))],
      {},
      'invalid_spec',
    ],
    ['a NUL byte', ['true', 'a\0b'], {}, 'invalid_spec'],
    ['a missing program', ['/no/such/program'], {}, 'program_missing'],
    ['a file that is no program', ['/etc/passwd'], {}, 'program_missing'],
    ['a missing directory', ['true'], { workdir: '/no/such/directory' }, 'directory_missing'],
    ['an unknown user', ['true'], { user: 'no-such-user' }, 'user_missing'],
    [
      'a mount, which needs the sandbox',
      ['true'],
      { mounts: [{ kind: 'tmpfs', target: '/x' }] },
      'sandbox_unavailable',
    ],
    ['an image', ['true'], { image: 'busybox' }, 'refused_by_executor'],
  ] as const)('is refused with a reason for %s', async (_what, argv, more, code) => {
    await open(off)
    const { exit } = await run(argv, { run: more as Partial<RunSpec> })
    expect({ outcome: exit.outcome, reason: exit.reason?.code }).toEqual({ outcome: 'refused', reason: code })
  })

  it('may close its stdout and run on', async () => {
    await open(off)
    const began = Date.now()
    const { exit } = await sh('exec >&- 2>&-; sleep 0.3; exit 5')
    expect(exit.code).toBe(5)
    expect(Date.now() - began).toBeGreaterThanOrEqual(290)
  })

  it('may make zombies: none is left, also of orphans', async () => {
    await open(off)
    await sh("for i in 1 2 3 4 5 6 7 8; do (sh -c 'sleep 0.05 & exec sleep 0.01' &) ; done; sleep 0.2")
    await sh('true', {}, id(1))
    await expect.poll(() => childrenOf(cellPid())).toEqual([])
  })

  it('tells progress while it runs, the newest only, and whatever it said last', async () => {
    await open(off)
    await start([
      'sh',
      '-c',
      'echo "10 begun" > $TASKPORT_PROGRESS; sleep 1.5; echo "42% half way" >> $TASKPORT_PROGRESS',
    ])
    await observer.exit(id())
    const told = observer.seen.flatMap((o) => (o.kind === 'progress' ? [[o.progress.percent, o.progress.message]] : []))
    expect(told).toEqual([
      [10, 'begun'],
      [42, 'half way'],
    ])
  })

  it.each([
    ['A=1\nB=two words\nC<<END\nx\ny=z\nEND\nD=\n', { outputs: { A: '1', B: 'two words', C: 'x\ny=z', D: '' } }],
    ['no equals sign\n', { outputsProblem: expect.stringContaining('line 1') }],
    ['A<<END\nnever\n', { outputsProblem: expect.stringContaining('no line END') }],
    [`A=${'x'.repeat(4097)}\n`, { outputsProblem: expect.stringContaining('4096') }],
    [Array.from({ length: 129 }, (_, i) => `K${i}=v\n`).join(''), { outputsProblem: expect.stringContaining('128') }],
  ])('hands over outputs by the rules %#', async (text, expected) => {
    await open(off)
    const { outputs, outputsProblem } = await run(['sh', '-c', 'printf %s "$TEXT" > $TASKPORT_OUTPUTS'], {
      env: { TEXT: text },
    })
    expect({ ...(outputs && { outputs }), ...(outputsProblem && { outputsProblem }) }).toEqual(expected)
  })

  it('cannot make its outputs file a way to read what it may not', async () => {
    await open(off)
    const secret = join(harness.directory, 'secret')
    writeFileSync(secret, 'KEY=stolen\n')
    const { outputs, outputsProblem } = await sh(`ln -s ${secret} $TASKPORT_OUTPUTS`)
    expect({ outputs, outputsProblem }).toEqual({
      outputs: undefined,
      outputsProblem: expect.stringContaining('cannot be read'),
    })
  })

  it('is checked for its health on schedule: only changes are told', async () => {
    await open(off)
    const health = { argv: ['test', '-e', 'well'], intervalMs: 40, timeoutMs: 2_000, retries: 2, startPeriodMs: 0 }
    await start(['sh', '-c', 'sleep 0.4; touch well; sleep 0.6; rm well; sleep 600'], { run: { health } })
    await observer.until(
      (o) => o.kind === 'health' && observer.seen.filter(({ kind }) => kind === 'health').length >= 3,
    )
    const told = observer.seen.flatMap((o) => (o.kind === 'health' ? [o.health] : []))
    expect(told.slice(0, 3)).toEqual(['unhealthy', 'healthy', 'unhealthy'])
  })

  it('counts no failed check within the start period, and kills a check that takes too long', async () => {
    await open(off)
    const health = { argv: ['sleep', '607'], intervalMs: 20, timeoutMs: 50, retries: 1, startPeriodMs: 400 }
    await start(['sleep', '600'], { run: { health } })
    const began = Date.now()
    await observer.until((o) => o.kind === 'health' && o.health === 'unhealthy')
    expect(Date.now() - began).toBeGreaterThanOrEqual(350)
    await harness.executor.stop(id(), { signal: 'SIGKILL', graceMs: 0 })
    await observer.exit(id())
    await expect.poll(() => commands().filter((command) => command.includes('sleep 607'))).toEqual([])
  })

  it('is watched where limits cannot be enforced', async () => {
    const cgroups = { version: 'none', swapAccounting: false } as const
    await open({ ...off, host: { ...host, cgroups } })
    expect(harness.executor.capabilities.enforcement).toMatchObject({ memory: 'watched', pids: 'watched', cpu: 'none' })
    const hog = 'a=$(head -c 60000000 /dev/zero | tr "\\0" x); sleep 600'
    const { exit } = await sh(hog, { resources: { memoryBytes: 30 * MIB } })
    expect(exit.outcome).toBe('outOfMemory')
    const { exit: bomb } = await sh('for i in $(seq 30); do sleep 600 & done; wait', { resources: { pids: 10 } }, id(1))
    expect(bomb.reason?.message).toContain('more processes')
    await expect.poll(() => harness.processes()).toEqual([])
  })
})
