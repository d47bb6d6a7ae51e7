import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { allocationIdOf, asNodeId, asTenant } from '../../core/identity.ts'
import {
  cellPid,
  execution,
  harness,
  id,
  MIB,
  type More,
  off,
  on,
  open,
  restart,
  sh,
  shut,
} from './fixtures/attempt-fixture.ts'
import type { HostFacts } from './host-facts.ts'
import { probeHost } from './probe-host.ts'

const host = probeHost()

afterEach(shut)

/** Steps of one allocation whose workspace may hold so much. */
const holding = (diskBytes: number, more: More = {}): More => ({
  ...more,
  place: { allocation: allocationIdOf(execution, 1), tenant: asTenant('acme'), node: asNodeId('here'), diskBytes },
})

const write = (path: string, megabytes: number): string =>
  `head -c ${megabytes * MIB} /dev/zero > ${path} 2>/dev/null && echo wrote ${path} || echo refused ${path}`

const withoutDisks = ({ mkfs: _, ...rest }: HostFacts): HostFacts => rest

const imagesInUse = (): string[] =>
  readdirSync('/sys/block').flatMap((name) => {
    try {
      return [readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim()]
    } catch {
      return []
    }
  })

describe.runIf(host.mkfs !== undefined)('a workspace of a size', () => {
  it.each([
    ['without sandbox', off],
    ['in a sandbox', on],
  ] as const)('holds so much and no more, for all steps together, %s', async (_name, options) => {
    await open(options)
    await sh(write('a', 12), holding(20 * MIB))
    await sh(`${write('b', 12)}; rm -f b a; ${write('c', 19)}`, holding(20 * MIB, { closesAllocation: true }), id(1))
    expect(harness.output(id()).trim()).toBe('wrote a')
    expect(harness.output(id(1)).trim().split('\n')).toEqual(['refused b', 'wrote c'])
    expect(harness.output(id())).not.toContain('full')
  })

  it('says in the log that it is full', async () => {
    await open(off)
    await sh(write('a', 12), holding(8 * MIB))
    expect(harness.output(id(), 'system')).toBe(`the workspace is full: it may hold ${8 * MIB} bytes\n`)
  })

  it.runIf(host.bwrap !== undefined)('counts /tmp of a sandbox, and is empty for the next', async () => {
    await open(on)
    const script = `${write('/tmp/a', 12)}; ${write('b', 12)}; ls -A /tmp /workspace`
    await sh(script, holding(20 * MIB, { closesAllocation: true }))
    const lines = ['wrote /tmp/a', 'refused b', '/tmp:', 'a', '', '/workspace:', 'b']
    expect(harness.output(id()).trim().split('\n').slice(0, 7)).toEqual(lines)
    await sh('ls -A /tmp /workspace; stat -c %a /tmp', holding(20 * MIB, { closesAllocation: true }), id(1))
    expect(harness.output(id(1)).trim().split('\n')).toEqual(['/tmp:', '', '/workspace:', '1777'])
  })

  it('leaves no mount and no loop device behind, also when its cell is killed', async () => {
    await open(off)
    await sh('echo kept > a', holding(20 * MIB))
    const images = (): string[] => imagesInUse().filter((path) => path.startsWith(harness.directory))
    expect(images()).toHaveLength(1)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(harness.directory)
    process.kill(cellPid(), 'SIGKILL')
    await expect.poll(images, { timeout: 10_000 }).toEqual([])
    await expect.poll(() => readdirSync(join(harness.directory, 'process', 'disks')), { timeout: 10_000 }).toEqual([])
  })

  it('is served by the cell that has it, also by a server that comes later', async () => {
    await open({ ...off, cellLimit: 1 })
    await sh('echo kept > a', holding(20 * MIB))
    await restart(true)
    await sh('cat a', holding(20 * MIB, { closesAllocation: true }), id(1))
    expect(harness.output(id(1))).toBe('kept\n')
  })
})

describe('where the host gives no disks of a size', () => {
  it('though it seemed to, the log says that the limit is only watched', async () => {
    await open({ ...off, host: { ...host, mkfs: '/bin/false' } })
    const { exit } = await sh(write('a', 1), holding(8 * MIB))
    expect(exit.code).toBe(0)
    expect(harness.output(id(), 'system')).toBe(
      'no disk of its size could be made: the disk limit is watched, not enforced\n',
    )
  })

  it('a workspace is measured and the program that fills it is killed, with the reason', async () => {
    await open({ ...off, host: withoutDisks(host) })
    const script = `${write('a', 4)}; sleep 1.2; mkdir -p b/c; ${write('b/c/d', 8)}; sleep 600`
    const { exit } = await sh(script, holding(8 * MIB))
    expect(exit).toMatchObject({
      outcome: 'signaled',
      signal: 'SIGKILL',
      reason: { code: 'disk_limit', facts: { limitBytes: 8 * MIB } },
    })
    expect(harness.executor.capabilities.enforcement.disk).toBe('watched')
  })
})
