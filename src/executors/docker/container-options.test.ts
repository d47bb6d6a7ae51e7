import { createSocket } from 'node:dgram'
import { hostname } from 'node:os'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { canRunDocker, DockerEngine } from '../../../test/support/docker-engine.ts'
import type { Work } from '../../core/ports/executor.ts'
import type { RunSpec } from '../../core/step-spec.ts'
import { ContainerWorld } from './fixtures/container-world.ts'
import { importTestImage } from './fixtures/test-image.ts'

const MIB = 2 ** 20
const CGROUP = '/sys/fs/cgroup'
const interfaces = 'ip -o link | cut -d: -f2 | tr -d " \\n"'

type Case = readonly [what: string, run: Partial<RunSpec>, script: string, says: string, more?: Partial<Work>]

const CASES: readonly Case[] = [
  ['an entry point and its arguments', { entrypoint: ['echo', 'a'], argv: ['b c'] }, '', 'a b c'],
  ['a directory', { workdir: '/etc' }, 'pwd', '/etc'],
  ['a user by name', { user: 'alice' }, 'id -u; id -g', '1000\n1000'],
  ['a user and a group by number', { user: '7:8' }, 'id -u; id -g', '7\n8'],
  ['a host name', { network: { mode: 'private', hostname: 'here' } }, 'hostname', 'here'],
  ['the network of the host', { network: { mode: 'host' } }, 'hostname', hostname()],
  ['no network', { network: { mode: 'none' } }, interfaces, 'lo'],
  [
    'further hosts',
    { network: { mode: 'private', extraHosts: { elsewhere: '192.0.2.7' } } },
    'grep elsewhere /etc/hosts',
    '192.0.2.7\telsewhere',
  ],
  [
    'name servers, in a network with one of its own that asks them',
    { network: { mode: 'none', dns: ['192.0.2.53'] } },
    'grep nameserver /etc/resolv.conf',
    'nameserver 192.0.2.53',
  ],
  ['limits of files', { ulimits: [{ name: 'nofile', soft: 99, hard: 100 }] }, 'ulimit -n; ulimit -Hn', '99\n100'],
  ['limits of dumps', { ulimits: [{ name: 'core', soft: 0, hard: 0 }] }, 'ulimit -c', '0'],
  [
    'a root that is only read',
    { sandbox: { mode: 'on', readOnlyRoot: true } },
    'touch /x 2>/dev/null || echo no; touch /workspace/x && echo yes',
    'no\nyes',
  ],
  [
    'nothing that could be written',
    { sandbox: { mode: 'on', writable: 'none' } },
    'for d in / /tmp /workspace /etc; do touch $d/x 2>/dev/null && echo $d; done; echo done',
    'done',
  ],
  [
    'memory as a file system, of a size',
    { mounts: [{ kind: 'tmpfs', target: '/memory', sizeBytes: MIB }] },
    'df -k /memory | tail -1 | tr -s " " | cut -d" " -f2; touch /memory/x && echo yes',
    '1024\nyes',
  ],
  ['an init process', { init: true }, 'cat /proc/1/comm', 'docker-init'],
  ['no init process', { init: false }, 'cat /proc/1/comm', 'cat'],
  ['a terminal', { container: { terminal: true } }, 'test -t 1 && echo yes\r', 'yes'],
  ['none', {}, 'test -t 1 || echo no', 'no'],
  [
    'shared memory',
    { container: { sharedMemoryBytes: 2 * MIB } },
    'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2',
    '2048',
  ],
  [
    'settings of the kernel',
    { container: { sysctls: { 'net.ipv4.ip_unprivileged_port_start': '7' } } },
    'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
    '7',
  ],
  [
    'fewer capabilities',
    { container: { capabilities: { drop: ['ALL'] } } },
    'grep CapEff /proc/self/status',
    'CapEff:\t0000000000000000',
  ],
  [
    'a hard limit on memory',
    {},
    `cat ${CGROUP}/memory/memory.limit_in_bytes`,
    String(32 * MIB),
    { resources: { memoryBytes: 32 * MIB } },
  ],
  [
    'a reservation of memory below its limit',
    {},
    `cat ${CGROUP}/memory/memory.soft_limit_in_bytes ${CGROUP}/memory/memory.limit_in_bytes`,
    `${16 * MIB}\n${32 * MIB}`,
    { resources: { memoryBytes: 32 * MIB, reservedMemoryBytes: 16 * MIB } },
  ],
  ['a share of CPU', {}, `cat ${CGROUP}/cpu/cpu.shares`, '300', { resources: { cpuUnits: 300 } }],
  ['a ceiling on CPU', {}, `cat ${CGROUP}/cpu/cpu.cfs_quota_us`, '25000', { resources: { cpuLimitUnits: 256 } }],
  ['a limit on processes', {}, `cat ${CGROUP}/pids/pids.max`, '9', { resources: { pids: 9 } }],
]

describe.skipIf(!canRunDocker())('a container (needs root and the package docker.io)', { timeout: 60_000 }, () => {
  let engine: DockerEngine
  let world: ContainerWorld
  let step = 0
  beforeAll(async () => {
    engine = await DockerEngine.open()
    await importTestImage(engine.address)
    world = await ContainerWorld.open({ engine: engine.address, allowPrivileged: true })
  }, 120_000)
  afterAll(async () => {
    await world.end()
    await engine.stop()
  }, 60_000)
  beforeEach(() => {
    step++
  })
  const id = () => world.id(step)

  describe.concurrent('has', { timeout: 120_000 }, () => {
    it.each(CASES.map((one, i) => [...one.slice(0, 4), one[4], 1_000 + i] as const))('%s', async (...given) => {
      const [, run, script, says, more, ordinal] = given as unknown as [...Case, number]
      const attempt = world.id(ordinal as unknown as number)
      await world.ran(script, run, more as Partial<Work> | undefined, attempt)
      expect(world.output(attempt).replaceAll('\r', '').trim()).toBe(says)
    })
  })

  it('has labels of its own, none of ours forged', async () => {
    const labels = { team: 'a', 'dev.taskport.tenant': 'other' }
    await world.start('sleep 60', { container: { labels } }, { labels: { kind: 'batch' } }, id())
    const [found] = await world.harness.docker.listContainers({ filters: { label: ['team=a'] } })
    expect(found!.Labels).toMatchObject({ team: 'a', kind: 'batch', 'dev.taskport.tenant': 'acme' })
    await world.harness.executor.stop(id(), { signal: 'SIGKILL', graceMs: 0 })
  })

  it('has a device that the operator allows', async () => {
    const devices = [{ hostPath: '/dev/null', containerPath: '/dev/nothing', permissions: ['read', 'write'] }]
    await world.ran('echo x > /dev/nothing && ls /dev/nothing', { container: { devices } }, {}, id())
    expect(world.output(id())).toBe('/dev/nothing\n')
  })

  it('hears what is sent to a UDP port of the host', async () => {
    const ports = [{ port: 5353, protocol: 'udp' }] as const
    // Nobody listens in there, and the kernel counts what came in vain: Udp: InDatagrams NoPorts …
    const heard = 'until [ "$3" -gt 0 ]; do sleep 0.1; set -- $(grep "^Udp: [0-9]" /proc/net/snmp); done 2>/dev/null'
    await world.start(heard, { network: { mode: 'private' }, ports }, { hostPorts: [0] }, id())
    const started = await world.observer.started(id())
    const [bound] = (started.kind === 'started' && started.ports) || []
    expect(bound).toMatchObject({ port: 5353, protocol: 'udp', hostPort: expect.any(Number) })
    const socket = createSocket('udp4')
    const sending = setInterval(() => socket.send('ping', bound!.hostPort, '127.0.0.1'), 50)
    const { exit } = await world.observer.exit(id()).finally(() => clearInterval(sending))
    socket.close()
    expect(exit.code).toBe(0)
  })
})
