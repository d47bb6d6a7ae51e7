/** What `taskport doctor` tells: each thing that tasks depend on, whether it is there, and what to do where it is not. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, resolve } from 'node:path'
import type { HostFacts } from '../executors/process/host-facts.ts'
import { SERVER_GROUP } from '../executors/process/probe-cgroups.ts'
import { probeHost } from '../executors/process/probe-host.ts'
import { engineFileOf, keyFileOf } from './data-directory.ts'
import { examineMedia } from './examine-media.ts'
import { readServerFile } from './server-file.ts'
import { installedUnit } from './service-unit.ts'

export interface Finding {
  readonly name: string
  /** `warning`: works, with less. `problem`: tasks cannot run, or will be lost. */
  readonly state: 'ok' | 'warning' | 'problem'
  readonly says: string
  readonly next?: string
}

const NEEDED_NODE = 24
const GIB = 2 ** 30
const LITTLE_SPACE = GIB
const UNIT = 'taskport.service'
const ENGINE_PATIENCE_MS = 2_000

/** Looks at this machine. Starts nothing, changes nothing, but for who may run the ffmpeg of an npm package. */
export async function examine(what: {
  readonly dataDirectory: string
  readonly ffmpeg?: string
}): Promise<readonly Finding[]> {
  const host = probeHost()
  return [
    node(),
    sandbox(host),
    launcher(host),
    ...controlGroups(host),
    diskLimits(host),
    privateNetworks(host),
    dataDirectory(what.dataDirectory),
    diskSpace(what.dataDirectory),
    server(what.dataDirectory),
    serviceUnit(host),
    await containerEngine(what.dataDirectory),
    ...examineMedia(what.ffmpeg),
  ]
}

const finding = (name: string, state: Finding['state'], says: string, next?: string): Finding =>
  next === undefined ? { name, state, says } : { name, state, says, next }

function node(): Finding {
  const isNew = Number(process.versions.node.split('.')[0]) >= NEEDED_NODE
  return finding(
    'node',
    isNew ? 'ok' : 'problem',
    process.versions.node,
    isNew ? undefined : `install Node ${NEEDED_NODE}`,
  )
}

function sandbox(host: HostFacts): Finding {
  if (host.bwrap !== undefined) return finding('bubblewrap', 'ok', host.bwrap)
  return finding(
    'bubblewrap',
    'warning',
    'not usable: programs run without a sandbox and see the file system of this user',
    'apt-get install bubblewrap; unprivileged users need user namespaces too',
  )
}

function launcher(host: HostFacts): Finding {
  if (host.launcher !== undefined) return finding('launcher', 'ok', host.launcher)
  return finding('launcher', 'warning', `none for this machine (${process.arch}): a shell stands in for it`)
}

/** Each limit by itself: a host may give some controllers and keep others. */
function controlGroups({ cgroups }: HostFacts): readonly Finding[] {
  if (cgroups.version === 'none')
    return [
      finding(
        'cgroups',
        'warning',
        `none may be made here${cgroups.remark ? ` (${cgroups.remark})` : ''}: memory and processes are watched, not enforced`,
        'run as root, or in a systemd unit with Delegate=yes (packaging/taskport.service)',
      ),
    ]
  const missing = (['memory', 'cpu', 'pids', 'kill'] as const).filter((name) => cgroups[name] === undefined)
  const says = `${cgroups.version}${missing.length > 0 ? `, without ${missing.join(', ')}` : ', memory, CPU and processes'}`
  return [finding('cgroups', missing.length > 0 ? 'warning' : 'ok', says, cgroups.remark)]
}

function diskLimits(host: HostFacts): Finding {
  if (host.mkfs !== undefined) return finding('disk limits', 'ok', `enforced, with ${host.mkfs}`)
  const says = 'workspaces are measured, and programs that overdo it are ended: watched, not enforced'
  const next = host.uid === 0 ? 'apt-get install e2fsprogs; needs loop devices and the right to mount' : undefined
  return finding('disk limits', host.uid === 0 ? 'warning' : 'ok', says, next)
}

function privateNetworks(host: HostFacts): Finding {
  if (host.network !== undefined) return finding('pasta', 'ok', host.pasta!)
  if (host.pasta !== undefined)
    return finding(
      'pasta',
      'warning',
      'steps cannot have a private network: needs bubblewrap, user namespaces and /dev/net/tun for this user',
    )
  return finding('pasta', 'warning', 'not found: steps cannot have a private network', 'apt-get install passt')
}

function dataDirectory(directory: string): Finding {
  const path = resolve(directory)
  if (!existsSync(path)) {
    const parent = firstExisting(path)
    if (takesDirectories(parent)) return finding('data directory', 'ok', `${path} (will be made by the first start)`)
    return finding(
      'data directory',
      'problem',
      `${path} cannot be made: ${parent} takes no directory of this user`,
      'name another: --data-dir',
    )
  }
  if (!statSync(path).isDirectory())
    return finding('data directory', 'problem', `${path} is a file`, 'name another: --data-dir')
  if (!isWritable(path)) return finding('data directory', 'problem', `${path} is not writable`, 'run as its owner')
  const key = keyFileOf(path)
  if (existsSync(key) && (statSync(key).mode & 0o077) !== 0)
    return finding('data directory', 'problem', `others may read the key file ${key}`, `chmod 600 ${key}`)
  return finding('data directory', 'ok', path)
}

function diskSpace(directory: string): Finding {
  const { bavail, bsize } = statfsSync(firstExisting(resolve(directory)))
  const free = bavail * bsize
  const says = `${(free / GIB).toFixed(1)} GiB free`
  return free >= LITTLE_SPACE
    ? finding('disk space', 'ok', says)
    : finding('disk space', 'warning', says, 'make room, or keep less: taskport up --retention 7d --log-bytes 1G')
}

function server(directory: string): Finding {
  const running = readServerFile(directory)
  return running
    ? finding('server', 'ok', `${running.url} (pid ${running.pid}${running.ephemeral ? ', ephemeral' : ''})`)
    : finding('server', 'ok', 'none runs on this data directory')
}

function serviceUnit({ cgroups }: HostFacts): Finding {
  const unit = installedUnit(UNIT)
  if (!unit) return finding('systemd unit', 'ok', `no ${UNIT} is installed`)
  if (unit.killMode !== 'process')
    return finding(
      'systemd unit',
      'problem',
      `${UNIT} has KillMode=${unit.killMode}: a restart of the server would end every running task`,
      'set KillMode=process, as packaging/taskport.service has it',
    )
  if (!unit.delegate)
    return finding(
      'systemd unit',
      'warning',
      `${UNIT} lacks Delegate=yes: limits cannot be enforced`,
      'add Delegate=yes',
    )
  if (cgroups.version === 'v2' && unit.subgroup === undefined)
    return finding(
      'systemd unit',
      'problem',
      `${UNIT} lacks DelegateSubgroup=: with cgroup v2 the server cannot come back while tasks run`,
      `add DelegateSubgroup=${SERVER_GROUP} (systemd 254), or take Delegate=yes away`,
    )
  const systemd = systemdVersion()
  if (cgroups.version === 'v2' && systemd !== undefined && systemd < KNOWS_SUBGROUP)
    return finding(
      'systemd unit',
      'problem',
      `systemd ${systemd} does not know DelegateSubgroup=: with cgroup v2 the server cannot come back while tasks run`,
      'take Delegate=yes away (limits are then watched), or use systemd 254',
    )
  return finding('systemd unit', 'ok', `${UNIT}: KillMode=process, Delegate=yes`)
}

/** Since when DelegateSubgroup= is known (systemd.resource-control(5)). */
const KNOWS_SUBGROUP = 254

function systemdVersion(): number | undefined {
  const { stdout } = spawnSync('systemctl', ['--version'], { encoding: 'utf8', timeout: ENGINE_PATIENCE_MS })
  const version = /^systemd (\d+)/.exec(stdout ?? '')?.[1]
  return version === undefined ? undefined : Number(version)
}

async function containerEngine(dataDirectory: string): Promise<Finding> {
  const socket = socketOf(process.env.DOCKER_HOST)
  if (socket === undefined) return finding('docker', 'ok', `DOCKER_HOST=${process.env.DOCKER_HOST} is not looked at`)
  const version = existsSync(socket) ? await engineVersion(socket) : undefined
  if (version === undefined)
    return finding('docker', 'ok', `no container engine answers at ${socket}; tasks run as processes`)
  const isUsed = readServerFile(dataDirectory) === undefined || existsSync(engineFileOf(dataDirectory))
  if (isUsed) return finding('docker', 'ok', `${version} at ${socket}`)
  // A server looks for an engine once, when it starts.
  const says = `${version} at ${socket}; the server that runs began without it`
  return finding(
    'docker',
    'warning',
    says,
    'unless that is meant: taskport down, then taskport up (running tasks go on)',
  )
}

const socketOf = (host: string | undefined): string | undefined =>
  host === undefined ? '/var/run/docker.sock' : host.startsWith('unix://') ? host.slice('unix://'.length) : undefined

function engineVersion(socketPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/version', timeout: ENGINE_PATIENCE_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve(versionIn(text)))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}

function versionIn(text: string): string | undefined {
  try {
    const { Version: version } = JSON.parse(text) as { readonly Version?: string }
    return version
  } catch {
    return undefined
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The kernel's own file systems take none, though root may write to everything. */
const takesDirectories = (path: string): boolean =>
  isWritable(path) && statSync(path).isDirectory() && !KERNEL_FILE_SYSTEMS.has(statfsSync(path).type)

/** proc and sysfs, by their magic numbers (statfs(2)). */
const KERNEL_FILE_SYSTEMS = new Set([0x9fa0, 0x62656572])

const firstExisting = (path: string): string => (existsSync(path) ? path : firstExisting(dirname(path)))
