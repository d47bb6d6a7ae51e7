import { descriptorLimit } from './cell/syscalls.ts'
import type { HostFacts } from './host-facts.ts'

/** What this host offers to the process executor. Starts nothing that outlives the call. */
export function probeHost(): HostFacts {
  return {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    userNamespaces: false,
    cgroups: { version: 'none', swapAccounting: false },
    descriptorLimit: descriptorLimit().hard,
    systemPaths: [],
  }
}
