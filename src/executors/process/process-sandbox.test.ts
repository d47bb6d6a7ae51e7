import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { asTenant } from '../../core/identity.ts'
import {
  commands,
  harness,
  id,
  MIB,
  observer,
  on,
  open,
  outputOf,
  run,
  sh,
  shut,
  start,
} from './fixtures/attempt-fixture.ts'
import { probeHost } from './probe-host.ts'

const host = probeHost()

afterEach(shut)

const isRoot = host.uid === 0

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

  it('shares directories by name with later allocations of its tenant, until they are removed', async () => {
    await open(on)
    const shared = (source: string, kind: 'volume' | 'workspace' = 'volume') => ({
      run: { mounts: [{ kind, source, target: '/shared' }], workdir: '/shared' },
    })
    const content = async (step: number, ...[source, kind]: Parameters<typeof shared>): Promise<string> => {
      await sh('ls', shared(source, kind), id(step))
      return harness.output(id(step)).trim()
    }
    for (const [step, name] of ['a', 'a/b', 'ab'].entries()) await sh(`touch ${name.at(-1)}`, shared(name), id(step))
    await sh('touch w', shared('a/w', 'workspace'), id(3))
    expect(await content(4, 'a/b')).toBe('b')
    await harness.executor.removeShared(asTenant('other'), 'a')
    expect(await content(5, 'a/w', 'workspace')).toBe('w')
    await harness.executor.removeShared(asTenant('acme'), 'a')
    await harness.executor.removeShared(asTenant('acme'), 'a')
    const left = [await content(6, 'a'), await content(7, 'a/b'), await content(8, 'a/w', 'workspace')]
    expect([...left, await content(9, 'ab')]).toEqual(['', '', '', 'b'])
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
    // Whether there is something is not told either.
    const others = ['/var', '/', harness.directory, '/usr/share/../../var', '/var/no-such-thing/in/it']
    for (const [step, source] of others.entries())
      expect((await run(['ls', '/m'], mount(source), id(step + 1))).exit.reason?.code).toBe('refused_by_executor')
    const missing = await run(['ls', '/m'], mount('/usr/share/no-such-thing'), id(others.length + 1))
    expect(missing.exit.reason?.code).toBe('directory_missing')
  })

  it('may mount a directory that holds the data directory, which looks empty there', async () => {
    await open({ sandbox: { mode: 'require', allowedBinds: [tmpdir()] } })
    const mounts = [{ kind: 'bind', source: tmpdir(), target: '/m' }] as const
    const name = basename(realpathSync(harness.directory))
    const { exit } = await sh(`ls -A /m/${name}; mv /m/${name} /m/moved; touch /m/${name}/x`, { run: { mounts } })
    expect(exit.code).not.toBe(0)
    expect(
      harness
        .output(id())
        .split('\n')
        .filter((line) => !/(Read-only|busy|denied|ot permitted)/.test(line)),
    ).toEqual([''])
    expect(existsSync(harness.directory)).toBe(true)
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
