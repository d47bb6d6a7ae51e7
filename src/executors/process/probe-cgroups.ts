import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pidsIn, readControl, tryControl } from './cgroup/control-files.ts'
import type { CgroupFacts } from './host-facts.ts'

interface Mounted {
  readonly root: string
  readonly controllers: readonly string[]
  readonly unified: boolean
}

/** Which control groups this process may make, and where. Leaves nothing behind. */
export function probeCgroups(): CgroupFacts {
  const mounts = mountedHierarchies()
  const own = ownPaths()
  const find = (controller: string): string | undefined => {
    const mount = mounts.find(({ controllers, unified }) => !unified && controllers.includes(controller))
    return mount === undefined ? undefined : writable(join(mount.root, own.get(controller) ?? ''))
  }
  const unifiedRoot = mounts.find(({ unified }) => unified)?.root
  const unified = unifiedRoot === undefined ? undefined : join(unifiedRoot, treeOf(own.get('') ?? ''))
  if (unified !== undefined && offers(unified, 'memory')) return probeV2(unified)
  const kill = unified === undefined ? undefined : killable(unified)
  const facts = { memory: find('memory'), cpu: find('cpu'), cpuacct: find('cpuacct'), pids: find('pids'), kill }
  const found = Object.fromEntries(Object.entries(facts).filter(([, path]) => path !== undefined))
  if (Object.keys(found).length === 0)
    return {
      version: 'none',
      swapAccounting: false,
      remark: 'no control group of this machine is writable for this user',
    }
  const swapAccounting = facts.memory !== undefined && existsSync(join(facts.memory, 'memory.memsw.limit_in_bytes'))
  return { version: 'v1', ...found, swapAccounting }
}

/** v2: our group must hand its controllers down, which the kernel refuses while processes sit in it (no root group). */
function probeV2(own: string): CgroupFacts {
  if (writable(own) === undefined)
    return { version: 'none', swapAccounting: false, remark: `the control group ${own} is not writable for this user` }
  const enable = (): boolean =>
    ['memory', 'cpu', 'pids'].every((controller) => tryControl(own, 'cgroup.subtree_control', `+${controller}`))
  if (!enable()) {
    moveAside(own)
    if (!enable())
      return { version: 'none', swapAccounting: false, remark: `the control group ${own} cannot be shared out` }
  }
  return { version: 'v2', kill: own, memory: own, cpu: own, pids: own, swapAccounting: true }
}

/** The leaf that the server sits in, as packaging/taskport.service names it. */
export const SERVER_GROUP = 'taskport-server'

/** Of the group we are in, the tree that is ours to share out: systemd may have put us into a leaf of it (DelegateSubgroup=). */
export const treeOf = (own: string): string =>
  basename(own) === SERVER_GROUP && dirname(own).endsWith('.service') ? dirname(own) : own

/** Under systemd with Delegate=yes the whole unit is ours: its processes move into a leaf, the tree stays free. */
function moveAside(own: string): void {
  // Any other group may hold strangers.
  if (!/\/[^/]*taskport[^/]*\.service$/.test(own)) return
  const leaf = join(own, SERVER_GROUP)
  try {
    mkdirSync(leaf, { recursive: true })
  } catch {
    return
  }
  for (const pid of pidsIn(own)) tryControl(leaf, 'cgroup.procs', pid)
}

const offers = (directory: string, controller: string): boolean =>
  (readControl(directory, 'cgroup.controllers') ?? '').split(' ').includes(controller)

function writable(directory: string): string | undefined {
  const trial = join(directory, `taskport-probe-${process.pid}`)
  try {
    mkdirSync(trial)
    rmdirSync(trial)
    return directory
  } catch {
    return undefined
  }
}

function killable(directory: string): string | undefined {
  const trial = join(directory, `taskport-probe-${process.pid}`)
  try {
    mkdirSync(trial)
    const can = existsSync(join(trial, 'cgroup.kill'))
    rmdirSync(trial)
    return can ? directory : undefined
  } catch {
    return undefined
  }
}

/** /proc/self/mountinfo: field 5 is the mount point; after ` - ` come type, source and options (proc_pid_mountinfo(5)). */
function mountedHierarchies(): Mounted[] {
  return textOf('/proc/self/mountinfo')
    .split('\n')
    .flatMap((line): Mounted[] => {
      const [before = '', after = ''] = line.split(' - ')
      const [type, , options = ''] = after.split(' ')
      const root = before.split(' ')[4]!
      if (type === 'cgroup2') return [{ root, controllers: [], unified: true }]
      return type === 'cgroup' ? [{ root, controllers: options.split(','), unified: false }] : []
    })
}

/** /proc/self/cgroup: `id:controllers:path`; the v2 tree has no controllers there. */
function ownPaths(): Map<string, string> {
  const paths = new Map<string, string>()
  for (const line of textOf('/proc/self/cgroup').trim().split('\n')) {
    const [, controllers = '', path = '/'] = line.split(':')
    for (const controller of controllers.split(',')) paths.set(controller, path)
  }
  return paths
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
