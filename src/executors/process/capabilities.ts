import type { Capabilities, Enforcement } from '../../core/ports/executor.ts'
import type { HostFacts } from './host-facts.ts'
import type { SandboxPolicy } from './protocol.ts'

/** What the executor can do on this host, as it is: never more than is in force. */
export function capabilitiesOf(host: HostFacts, sandbox: SandboxPolicy): Capabilities {
  const sandboxed = host.bwrap !== undefined && sandbox.mode !== 'off'
  const limit = (group: string | undefined): Enforcement =>
    group !== undefined && host.launcher !== undefined ? 'enforced' : 'none'
  const watched = (group: string | undefined): Enforcement => (limit(group) === 'enforced' ? 'enforced' : 'watched')
  return {
    images: false,
    exec: true,
    stats: true,
    health: true,
    enforcement: {
      filesystem: sandboxed ? 'enforced' : 'none',
      memory: watched(host.cgroups.memory),
      cpu: limit(host.cgroups.cpu),
      pids: watched(host.cgroups.pids),
      disk: host.mkfs === undefined ? 'watched' : 'enforced',
      network: sandboxed ? 'enforced' : 'none',
      user: host.uid === 0 && host.launcher !== undefined ? 'enforced' : 'none',
    },
    networks: sandboxed ? networksOf(host) : ['host'],
    remarks: remarksOf(host, sandbox),
  }
}

/** In a sandbox; without one there is only the host's. */
function networksOf(host: HostFacts): Capabilities['networks'] {
  return host.network === undefined ? ['host', 'none'] : ['host', 'private', 'none']
}

function remarksOf(host: HostFacts, sandbox: SandboxPolicy): string[] {
  const remarks: string[] = []
  if (host.launcher === undefined)
    remarks.push(`No launcher for ${process.arch}: no sandbox, no limits and no other users; programs run as they are.`)
  else if (host.bwrap === undefined)
    remarks.push(
      'Bubblewrap is missing or cannot make a sandbox here: programs see what the server sees. Install the package bubblewrap' +
        (host.userNamespaces ? '.' : ' and allow user namespaces (user.max_user_namespaces).'),
    )
  else if (sandbox.mode === 'off') remarks.push('The sandbox is off unless a step asks for it.')
  if (host.bwrap !== undefined && sandbox.mode !== 'off' && host.network === undefined)
    remarks.push(
      host.pasta === undefined
        ? 'Steps cannot have a private network: install the package passt.'
        : 'Steps cannot have a private network: this user may not make one or may not open /dev/net/tun.',
    )
  if (host.cgroups.version === 'none')
    remarks.push(
      `Memory and process limits are watched, not enforced, and CPU is not limited: ${host.cgroups.remark ?? ''}.`,
    )
  else if (host.cgroups.memory === undefined || host.cgroups.pids === undefined || host.cgroups.cpu === undefined)
    remarks.push('Not all control groups are writable: some limits are watched, not enforced.')
  if (host.mkfs === undefined)
    remarks.push(
      host.uid === 0
        ? 'Disk limits are watched, not enforced: that takes loop devices, the right to mount and mkfs.ext4 (package e2fsprogs).'
        : 'Disk limits are watched, not enforced: only root can give a workspace a size.',
    )
  if (host.uid !== 0) remarks.push("Steps run as the server's own user: only root can become another.")
  if (host.descriptorLimit < 4096)
    remarks.push(`Only ${host.descriptorLimit} open files are allowed: raise the limit to run many tasks at once.`)
  return remarks
}
