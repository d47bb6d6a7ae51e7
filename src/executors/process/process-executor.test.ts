import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type AttemptId, allocationIdOf, asExecutionId, asNodeId, asTenant, attemptIdOf } from '../../core/identity.ts'
import type { ExecSession, Work } from '../../core/ports/executor.ts'
import type { RunSpec } from '../../core/step-spec.ts'
import { Observer } from '../observer.ts'
import { ProcessHarness } from './fixtures/process-harness.ts'
import { probeHost } from './probe-host.ts'
import type { ProcessExecutorOptions } from './process-executor.ts'

const host = probeHost()
const MIB = 1024 * 1024
const off = { sandbox: { mode: 'off' } } as const
const on = { sandbox: { mode: 'require' } } as const
const isRoot = host.uid === 0

let harness: ProcessHarness
let observer: Observer
let count = 0
let execution = asExecutionId('')

async function open(options: Partial<ProcessExecutorOptions>): Promise<void> {
  harness = await ProcessHarness.open(options)
  observer = new Observer(harness.executor)
  execution = asExecutionId(`conformance-${process.pid}-x${++count}`)
}

afterEach(async () => {
  await observer.end()
  await harness.end()
})

const id = (step = 0): AttemptId => attemptIdOf(execution, step, 1)
type More = Partial<Omit<Work, 'run'>> & { readonly run?: Partial<RunSpec> }

const workOf = (argv: readonly string[], more: More = {}): Work => ({
  place: { allocation: allocationIdOf(execution, 1), tenant: asTenant('acme'), node: asNodeId('here') },
  step: 'main',
  labels: {},
  env: {},
  resources: {},
  stop: { signal: 'SIGTERM', graceMs: 10_000 },
  hostPorts: [],
  closesAllocation: false,
  ...more,
  run: { kind: 'run', env: {}, argv, ...more.run },
})

const start = (argv: readonly string[], more: More = {}, attempt = id()): Promise<void> =>
  harness.executor.start(attempt, workOf(argv, more))

async function run(argv: readonly string[], more: More = {}, attempt = id()) {
  await start(argv, more, attempt)
  return observer.exit(attempt)
}

const sh = (script: string, more: More = {}, attempt = id()) => run(['sh', '-c', script], more, attempt)
const cellPid = (): number => harness.executor.cells()[0]!.pid
const groups = (): string[] =>
  [host.cgroups.kill, host.cgroups.memory, host.cgroups.pids, host.cgroups.cpu].flatMap((root) =>
    root === undefined ? [] : readdirSync(root).filter((name) => name.startsWith(`taskport-${currentCell}`)),
  )
let currentCell = 'none'

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

describe.runIf(host.bwrap !== undefined)('a program in its sandbox', () => {
  it('sees its workspace, a private /tmp and the system read-only; no data directory, no home, no other process', async () => {
    await open(on)
    const script = [
      'echo ok > here; cat here; echo ok > /tmp/x && cat /tmp/x',
      'touch /usr/x /etc/x /x 2>&1 | grep -c "Read-only"',
      `ls ${harness.directory} /root /home 2>/dev/null | wc -l`,
      'ls -d /proc/[0-9]* | wc -l; pwd',
    ].join('\n')
    await sh(script)
    expect(harness.output(id()).split('\n')).toEqual([
      'ok',
      'ok',
      '3',
      '0',
      expect.stringMatching(/^[2-6]$/),
      '/workspace',
      '',
    ])
  })

  it('may have no writable path at all', async () => {
    await open(on)
    const script =
      'for d in / /tmp /workspace /dev /dev/shm /run /var/tmp "$HOME"; do touch $d/x 2>/dev/null && echo $d; done; echo done'
    await sh(script, { run: { sandbox: { mode: 'on', writable: 'none' } } })
    expect(harness.output(id())).toBe('done\n')
  })

  it.runIf(isRoot)(
    'is nobody, without capabilities, when the server is root; root only by name, and harmless',
    async () => {
      await open(on)
      const script = 'id -un; grep CapEff /proc/self/status; cat /etc/shadow; kill -9 1; mount -t tmpfs x /tmp'
      await sh(script)
      await sh(`${script}; chown 1 /workspace`, { run: { user: 'root' } }, id(1))
      expect(harness.output(id())).toBe('nobody\nCapEff:\t0000000000000000\n')
      expect(harness.output(id(1))).toBe('root\nCapEff:\t0000000000000000\n')
    },
  )

  it('reopens /dev/stdout and /dev/stderr without losing a byte', async () => {
    await open(on)
    await sh('echo a; echo b > /dev/stdout; echo c >> /dev/stdout; echo d > /dev/stderr; echo e >&2')
    expect([harness.output(id()), harness.output(id(), 'stderr')]).toEqual(['a\nb\nc\n', 'd\ne\n'])
  })

  it('hands no variable of the step to bubblewrap itself', async () => {
    await open(on)
    const { exit } = await sh('echo $LD_PRELOAD', { env: { LD_PRELOAD: '/no/such/library.so' } })
    expect([exit.code, harness.output(id())]).toEqual([0, '/no/such/library.so\n'])
    expect(readFileSync(join(harness.directory, 'process', 'cell.log'), 'utf8')).not.toContain('LD_PRELOAD')
  })

  it('leaves nothing behind: double forks, zombies, background work', async () => {
    await open(on)
    await sh('(setsid sleep 611 >/dev/null 2>&1 &); (env -i setsid sleep 612 &) ; sleep 613 & sleep 0.1')
    await expect.poll(() => commands().filter((command) => /sleep 61[123]/.test(command))).toEqual([])
  })

  it('is gone for good when stopped while it ignores every signal', async () => {
    await open(on)
    await start(['sh', '-c', "trap '' TERM HUP INT; sleep 614 & setsid sleep 615 & while :; do sleep 616; done"])
    await observer.started(id())
    await harness.executor.stop(id(), { signal: 'SIGTERM', graceMs: 150 })
    await observer.exit(id())
    expect(commands().filter((command) => /sleep 61[456]/.test(command))).toEqual([])
  })

  it('gets no network when it asks for none, and files, hosts and directories as mounted', async () => {
    await open(on)
    const mounts = [
      { kind: 'file', target: '/etc/app.conf', content: 'colour=blue\n' },
      { kind: 'tmpfs', target: '/scratch', sizeBytes: MIB },
      { kind: 'workspace', target: '/shared', source: 'cache' },
    ] as const
    const network = { mode: 'none', hostname: 'box', extraHosts: { db: '10.0.0.9' } } as const
    const script =
      'cat /etc/app.conf; echo 1 > /scratch/x; echo 1 > /shared/x; hostname; grep db /etc/hosts; ls /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev | wc -l'
    await sh(script, { run: { mounts, network } })
    expect(harness.output(id()).split('\n')).toEqual(['colour=blue', 'box', '10.0.0.9 db', '1', ''])
    await sh('cat /shared/x', { run: { mounts } }, id(1))
    expect(harness.output(id(1))).toBe('1\n')
  })

  it('may mount host directories that the operator allows, and no others', async () => {
    await open({ sandbox: { mode: 'require', allowedBinds: ['/usr/share'] } })
    const mount = (source: string) =>
      ({ run: { mounts: [{ kind: 'bind', source, target: '/m', readOnly: true }] } }) as const
    expect((await run(['ls', '/m'], mount('/usr/share'))).exit.code).toBe(0)
    for (const [step, source] of ['/var', '/', harness.directory, '/usr/share/../../var'].entries())
      expect((await run(['ls', '/m'], mount(source), id(step + 1))).exit.reason?.code).toBe('refused_by_executor')
  })

  it('can be looked into: exec and health checks run where the program is', async () => {
    await open(on)
    const health = { argv: ['test', '-e', '/tmp/well'], intervalMs: 50, timeoutMs: 5_000, retries: 1, startPeriodMs: 0 }
    await start(['sh', '-c', 'echo inside > /tmp/well; sleep 600'], { run: { health }, env: { COLOUR: 'blue' } })
    await observer.until((o) => o.kind === 'health' && o.health === 'healthy')
    const session = await harness.executor.exec(id(), {
      argv: ['sh', '-c', 'cat /tmp/well; echo $COLOUR; pwd; cat; ls -d /proc/[0-9]* | wc -l; id -u; exit 9'],
      stdin: (async function* () {
        yield Buffer.from('typed\n')
      })(),
    })
    const lines = (await outputOf(session)).split('\n')
    expect(lines.slice(0, 4)).toEqual(['inside', 'blue', '/workspace', 'typed'])
    expect(Number(lines[4])).toBeLessThan(12)
    expect(lines[5]).toBe(isRoot ? '65534' : String(host.uid))
    expect(await session.exit).toMatchObject({ outcome: 'exited', code: 9 })
    const hanging = await harness.executor.exec(id(), { argv: ['sleep', '617'] })
    await expect.poll(() => commands().some((command) => command.includes('sleep 617'))).toBe(true)
    hanging.kill()
    expect((await hanging.exit).signal).toBe('SIGKILL')
    expect(commands().filter((command) => command.includes('sleep 617'))).toEqual([])
  })
})

describe.runIf(host.cgroups.memory !== undefined)('limits by control groups', () => {
  it('are in force before the first instruction, and gone afterwards', async () => {
    await open(on)
    currentCell = harness.executor.cells()[0]!.cell
    const { exit } = await sh('i=0; while [ $i -lt 200 ]; do sleep 620 & i=$((i+1)); done; wait', {
      resources: { pids: 20 },
      timeoutMs: 3_000,
    })
    // dash gives up when it cannot fork.
    expect(exit.outcome === 'exited' ? exit.code : exit.outcome).toBe(2)
    await expect.poll(() => commands().filter((command) => command.includes('sleep 620'))).toEqual([])
    await observer.end()
    await harness.executor.endAll()
    expect(groups()).toEqual([])
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
    const hog = await sh(
      'head -c 100000000 /dev/zero | tr "\\0" x | sort',
      { resources: { memoryBytes: 24 * MIB } },
      id(2),
    )
    const direct = await run(['sort', '--buffer-size=200M', '/dev/zero'], { resources }, id(1))
    expect(direct.exit).toMatchObject({ outcome: 'outOfMemory', signal: 'SIGKILL' })
    expect(direct.usage?.peakMemoryBytes).toBeGreaterThan(25 * MIB)
    expect(hog.exit.outcome).not.toBe('refused')
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

describe('a cell that is killed', () => {
  it.each([
    ['without sandbox', off],
    ['in a sandbox', on],
  ] as const)('loses no exit, and what ran is dead before it is lost, %s', async (_name, options) => {
    await open(options)
    await observer.end()
    observer = new Observer(harness.executor, false)
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
    await open(off)
    await observer.end()
    observer = new Observer(harness.executor, false)
    await start(['sh', '-c', 'sleep 633'], { closesAllocation: true })
    await start(['sh', '-c', 'exit 7'], {}, id(1))
    await harness.executor.stop(id(2), { signal: 'SIGTERM', graceMs: 0 })
    await observer.started(id())
    await observer.exit(id(1))
    const pid = cellPid()
    harness.executor.abandon()
    process.kill(pid, 'SIGKILL')
    for (let round = 0; round < 2; round++) {
      await harness.restart()
      await observer.end()
      observer = new Observer(harness.executor, false)
      expect((await observer.exit(id())).exit.reason?.code).toBe('cell_died')
      expect((await observer.exit(id(1))).exit.code).toBe(7)
      expect(commands().filter((command) => command.includes('sleep 633'))).toEqual([])
    }
    expect((await run(['true'], {}, id(2))).exit.outcome).toBe('refused')
    expect(existsSync(join(harness.directory, 'process', 'allocations', `${execution}.1`))).toBe(false)
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

/** Command lines of all processes of this machine. */
function commands(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : []
    } catch {
      return []
    }
  })
}

/** Children of a process, zombies included. */
function childrenOf(parent: number): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
    } catch {
      return false
    }
  })
}

async function outputOf(session: ExecSession): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const { bytes } of session.output) pieces.push(bytes)
  return Buffer.concat(pieces).toString()
}
