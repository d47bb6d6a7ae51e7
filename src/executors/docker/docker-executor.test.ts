import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { canRunDocker, DockerEngine } from '../../../test/support/docker-engine.ts'
import { answerOf } from '../../../test/support/tcp.ts'
import { type AttemptId, asTenant } from '../../core/identity.ts'
import type { RunSpec } from '../../core/step-spec.ts'
import { ContainerWorld } from './fixtures/container-world.ts'
import { buildTestImage, importTestImage } from './fixtures/test-image.ts'

const MIB = 2 ** 20
const ALICE = ['STOPSIGNAL SIGUSR1', 'USER alice', 'WORKDIR /tmp', 'ENV COLOUR=blue']

describe.skipIf(!canRunDocker())(
  'the docker executor (needs root and the package docker.io)',
  { timeout: 60_000 },
  () => {
    let engine: DockerEngine
    let world: ContainerWorld
    const allowed = mkdtempSync(join(tmpdir(), 'taskport-binds-'))
    beforeAll(async () => {
      engine = await DockerEngine.open('--live-restore')
      await importTestImage(engine.address)
      await buildTestImage(engine.address, 'taskport-alice:1', ALICE)
    }, 120_000)
    afterAll(async () => {
      rmSync(allowed, { recursive: true, force: true })
      await engine.stop()
    }, 60_000)
    beforeEach(async () => {
      world = await ContainerWorld.open({ engine: engine.address, allowedBinds: [allowed] })
    })
    afterEach(() => world.end())

    const id = (step?: number): AttemptId => world.id(step)
    const workOf: ContainerWorld['work'] = (...given) => world.work(...given)
    const ran: ContainerWorld['ran'] = (...given) => world.ran(...given)
    const output = (attempt?: AttemptId): string => world.output(attempt)

    it('gives the program what the step says, on top of what the image says', async () => {
      const run = { image: 'taskport-alice:1', env: {} }
      await ran('echo $COLOUR $SHAPE $(id -u) $(pwd); touch "$TASKPORT_WORKSPACE/mine" && echo wrote', run, {
        env: { SHAPE: 'round' },
      })
      expect(output()).toBe('blue round 1000 /tmp\nwrote\n')
      await ran(
        'echo $(id -u) $(pwd); cat /etc/note',
        { user: '0', workdir: '/etc', mounts: [{ kind: 'file', target: '/etc/note', content: 'hi\n' }] },
        {},
        id(1),
      )
      expect(output(id(1))).toBe('0 /etc\nhi\n')
    })

    it('lets a user write the workspace of a container whose root is read-only', async () => {
      const run: Partial<RunSpec> = { user: 'alice', sandbox: { mode: 'on', readOnlyRoot: true } }
      const { outputs } = await ran('touch /x 2>&1; touch /workspace/x && echo A=1 > "$TASKPORT_OUTPUTS"', run)
      expect([output(), outputs]).toEqual(['touch: /x: Read-only file system\n', { A: '1' }])
    })

    it('keeps both streams apart, in order, with all bytes', async () => {
      await ran('i=0; while [ $i -lt 500 ]; do echo line $i; echo err $i >&2; i=$((i+1)); done; printf end')
      const lines = (word: string): string => Array.from({ length: 500 }, (_, i) => `${word} ${i}\n`).join('')
      expect(output()).toBe(`${lines('line')}end`)
      expect(world.harness.log.output(id(), 'stderr')).toBe(lines('err'))
    })

    it('tells that memory ran out from a kill', async () => {
      const hungry = 'x=$(dd if=/dev/zero bs=1M count=200 2>/dev/null | tr "\\0" x); echo "$x" | wc -c'
      const { exit } = await ran(hungry, {}, { resources: { memoryBytes: 24 * MIB } })
      expect({ outcome: exit.outcome, reason: exit.reason?.code }).toEqual({
        outcome: 'outOfMemory',
        reason: 'out_of_memory',
      })
    })

    it('stops with the image’s stop signal where the step names none', async () => {
      const script = 'trap "exit 42" USR1; echo ready; while :; do sleep 0.05; done'
      await world.harness.executor.start(id(), workOf(script, { image: 'taskport-alice:1' }))
      await expect.poll(() => output()).toBe('ready\n')
      await world.harness.executor.stop(id(), { signal: 'SIGTERM', graceMs: 30_000 })
      expect((await world.observer.exit(id())).exit.code).toBe(42)
    })

    it('holds the limits it declares, and gives no more power than it says', async () => {
      const script =
        'grep -E "CapEff|NoNewPrivs" /proc/self/status; ulimit -n; touch /x 2>&1; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu/cpu.cfs_quota_us; ls /var/run 2>&1'
      const run: Partial<RunSpec> = {
        sandbox: { mode: 'on', readOnlyRoot: true },
        ulimits: [{ name: 'nofile', soft: 100, hard: 200 }],
      }
      await ran(script, run, { resources: { memoryBytes: 64 * MIB, pids: 20, cpuUnits: 256, cpuLimitUnits: 512 } })
      expect(output().split('\n')).toEqual([
        'CapEff:\t00000000800405fb',
        'NoNewPrivs:\t1',
        '100',
        'touch: /x: Read-only file system',
        String(64 * MIB),
        '20',
        '256',
        '50000',
        'ls: /var/run: No such file or directory',
        '',
      ])
    })

    it.each([
      ['the engine’s socket', () => engine.socket],
      ['a directory around it', () => '/'],
      ['a directory that is not allowed', () => '/etc'],
    ])('mounts nothing from %s', async (_what, source) => {
      const { exit } = await ran('true', { mounts: [{ kind: 'bind', source: source(), target: '/x' }] })
      expect({ outcome: exit.outcome, reason: exit.reason?.code }).toEqual({
        outcome: 'refused',
        reason: 'refused_by_executor',
      })
    })

    it.each([
      ['a privileged container', { privileged: true }],
      ['SYS_ADMIN', { capabilities: { add: ['SYS_ADMIN'] } }],
      ['a device', { devices: [{ hostPath: '/dev/kmsg' }] }],
      ['unconfined seccomp', { securityOptions: ['seccomp=unconfined'] }],
      ['an option it does not know', { runtimeClass: 'x' }],
    ])('refuses %s', async (_what, container) => {
      expect((await ran('true', { container })).exit.outcome).toBe('refused')
    })

    it('mounts what is allowed, volumes of the allocation, and volumes that outlive it', async () => {
      mkdirSync(join(allowed, 'in'), { recursive: true })
      writeFileSync(join(allowed, 'in', 'file'), 'from the host\n')
      const mounts: RunSpec['mounts'] = [
        { kind: 'bind', source: join(allowed, 'in'), target: '/in', readOnly: true },
        { kind: 'workspace', source: 'shared', target: '/shared' },
        { kind: 'volume', source: 'kept', target: '/kept' },
        { kind: 'tmpfs', target: '/memory', sizeBytes: MIB },
      ]
      await ran(
        'cat /in/file; touch /in/x 2>&1; echo a >> /shared/s; echo b >> /kept/k; df -k /memory | tail -1 | tr -s " " | cut -d" " -f2',
        { mounts },
      )
      expect(output()).toBe('from the host\ntouch: /in/x: Read-only file system\n1024\n')
      await ran('cat /shared/s /kept/k', { mounts }, {}, id(1))
      expect(output(id(1))).toBe('a\nb\n')
      await world.harness.executor.close(world.allocation)
      await ran('cat /shared/s /kept/k 2>&1', { mounts }, {}, id(2))
      expect(output(id(2))).toContain('/shared/s')
      expect(output(id(2))).toContain('b\n')
    })

    it('joins the containers of an allocation by name, publishes ports, and parts allocations', async () => {
      const network = { mode: 'private', aliases: ['db', 'database'] } as const
      const ports = [{ port: 9000, protocol: 'tcp', env: 'PORT' }] as const
      const server = 'while :; do echo hello | nc -l -p 9000; done'
      await world.harness.executor.start(id(), workOf(server, { network, ports }, { step: 'server', hostPorts: [0] }))
      const started = await world.observer.started(id())
      if (started.kind !== 'started') throw new Error('not started')
      const [bound] = started.ports ?? []
      expect(bound).toMatchObject({ port: 9000, protocol: 'tcp', hostAddress: '127.0.0.1' })
      await expect.poll(() => answerOf(bound!.hostPort)).toBe('hello\n')
      const client =
        'for h in server db database; do until nc -w 2 $h 9000 </dev/null 2>/dev/null; do sleep 0.1; done; done'
      await ran(client, { network: { mode: 'private' } }, { step: 'client' }, id(1))
      expect(output(id(1))).toBe('hello\nhello\nhello\n')
      const apart = await ran(`nc -w 1 ${started.address} 9000 </dev/null; echo $?`, {}, { step: 'stranger' }, id(2))
      expect([apart.exit.code, output(id(2))]).toEqual([0, '1\n'])
      await ran('ip -o link | wc -l; echo $(hostname)', { network: { mode: 'none', hostname: 'alone' } }, {}, id(3))
      expect(output(id(3))).toBe('1\nalone\n')
    })

    it('keeps volumes that steps share by name, of each tenant its own, until they are removed', async () => {
      const shared = (source: string) => ({ mounts: [{ kind: 'volume', source, target: '/shared' }] as const })
      for (const [step, source] of ['a', 'a/b', 'ab'].entries())
        await ran(`touch /shared/${step}`, shared(source), {}, id(step))
      await world.harness.executor.removeShared(asTenant('other'), 'a')
      await ran('ls /shared', shared('a/b'), {}, id(3))
      expect(output(id(3))).toBe('1\n')
      // A container that has ended still has its volumes.
      await world.harness.executor.close(world.allocation)
      for (let again = 0; again < 2; again++) await world.harness.executor.removeShared(asTenant('acme'), 'a')
      for (const [i, source] of ['a', 'a/b', 'ab'].entries()) await ran('ls /shared', shared(source), {}, id(4 + i))
      expect([4, 5, 6].map((step) => output(id(step)))).toEqual(['', '', '2\n'])
    })

    it('reports health as the engine checks it', async () => {
      const health = {
        argv: ['test', '-e', '/tmp/well'],
        intervalMs: 100,
        timeoutMs: 5_000,
        retries: 100,
        startPeriodMs: 0,
      }
      await world.harness.executor.start(id(), workOf('sleep 0.5; touch /tmp/well; sleep 60', { health }))
      const seen = await world.observer.until((o) => o.kind === 'health', 30_000)
      expect(seen).toMatchObject({ attempt: id(), health: 'healthy' })
    })

    it('names what keeps a container from starting', async () => {
      const reasonOf = async (run: Partial<RunSpec>, step: number) =>
        (await ran('true', { init: false, ...run }, {}, id(step))).exit.reason?.code
      expect(await reasonOf({ argv: ['no-such-program'] }, 0)).toBe('program_missing')
      expect(await reasonOf({ user: 'nobody-here' }, 1)).toBe('user_missing')
    })

    it('runs commands inside, and says what a container uses', async () => {
      await world.harness.executor.start(id(), workOf('sleep 60', {}, { env: { A: '1' } }))
      await world.observer.started(id())
      const argv = ['sh', '-c', 'cat; echo $A >&2; exit 5']
      const session = await world.harness.executor.exec(id(), { argv, stdin: oneChunk('typed') })
      const said: Record<string, string> = { stdout: '', stderr: '' }
      for await (const { stream, bytes } of session.output) said[stream] += Buffer.from(bytes).toString()
      expect([said, (await session.exit).code]).toEqual([{ stdout: 'typed', stderr: '1\n' }, 5])
      const stats = await world.harness.executor.stats(id())
      expect(stats?.memoryBytes).toBeGreaterThan(0)
      expect(stats?.pids).toBeGreaterThan(0)
    })

    it('reports what a container used', async () => {
      const busy =
        'x=$(dd if=/dev/zero bs=1M count=20 2>/dev/null | tr "\\0" x); end=$(($(date +%s)+2)); while [ $(date +%s) -lt $end ]; do :; done'
      const { usage } = await ran(busy)
      expect(usage?.cpuMicros).toBeGreaterThan(10_000)
      expect(usage?.peakMemoryBytes).toBeGreaterThan(20 * MIB)
    })

    it('finishes a stop that a dead server had begun, and knows it was one', async () => {
      await world.harness.executor.start(id(), workOf('trap "" TERM; echo ready; while :; do sleep 0.1; done'))
      await expect.poll(() => output()).toBe('ready\n')
      await world.harness.executor.stop(id(), { signal: 'SIGTERM', graceMs: 1_500 })
      await world.restarted()
      expect((await world.observer.exit(id())).exit).toMatchObject({
        outcome: 'signaled',
        signal: 'SIGKILL',
        killedAfterGrace: true,
      })
    })

    it('keeps time limits and grace periods while no server is there', async () => {
      const deaf = 'trap "" TERM; while :; do sleep 0.1; done'
      const limited = { timeoutMs: 4_000, stop: { signal: 'SIGTERM', graceMs: 500 } }
      await world.harness.executor.start(id(1), workOf(deaf))
      await world.harness.executor.start(id(), workOf(deaf, {}, limited))
      await world.harness.executor.stop(id(1), { signal: 'SIGTERM', graceMs: 3_000 })
      world.harness.executor.abandon()
      const running = async (): Promise<number> => (await world.harness.docker.listContainers()).length
      await expect.poll(running, { timeout: 20_000, interval: 100 }).toBe(0)
      const nobodyWasThere = Date.now()
      await world.restarted()
      const late = await world.observer.exit(id())
      expect(late.exit).toMatchObject({ outcome: 'timedOut', reason: { code: 'step_timeout' } })
      expect(late.at).toBeLessThan(nobodyWasThere)
      expect((await world.observer.exit(id(1))).exit).toMatchObject({ signal: 'SIGKILL', killedAfterGrace: true })
    })

    it('loses nothing when the engine dies and comes back while containers run', async () => {
      await world.harness.executor.start(id(), workOf('echo one; sleep 600'))
      await world.harness.executor.start(
        id(1),
        workOf('echo one; while ! [ -e /workspace/go ]; do sleep 0.1; done; echo two; exit 7'),
      )
      await expect.poll(() => output(id(1))).toBe('one\n')
      await engine.halt('SIGKILL')
      const waiting = await world.observer.until((o) => o.kind === 'waiting' && o.attempt === id(), 10_000)
      expect(waiting).toMatchObject({ reason: { code: 'executor_unavailable' } })
      expect((await world.harness.executor.inspect([id()])).get(id())?.as).toBe('unknown')
      await expect(world.harness.executor.start(id(2), workOf('true'))).rejects.toThrow('away')
      await engine.start()
      await expect
        .poll(async () => (await world.harness.executor.inspect([id()])).get(id())?.as, { timeout: 20_000 })
        .toBe('running')
      expect((await ran('touch /workspace/go', {}, {}, id(3))).exit.code).toBe(0)
      expect((await world.observer.exit(id(1))).exit.code).toBe(7)
      expect(output(id(1))).toBe('one\ntwo\n')
      expect(output(id())).toBe('one\n')
    })
  },
)

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
