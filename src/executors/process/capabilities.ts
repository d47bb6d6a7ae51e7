import type { Capabilities } from '../../core/ports/executor.ts'
import type { HostFacts } from './host-facts.ts'
import type { SandboxPolicy } from './protocol.ts'

/** What the executor can do on this host, as it is: never more than is in force. */
export function capabilitiesOf(_host: HostFacts, _sandbox: SandboxPolicy): Capabilities {
  return {
    images: false,
    exec: false,
    stats: false,
    health: false,
    enforcement: {
      filesystem: 'none',
      memory: 'none',
      cpu: 'none',
      pids: 'none',
      disk: 'none',
      network: 'none',
      user: 'none',
    },
    networks: ['host'],
    remarks: [],
  }
}
