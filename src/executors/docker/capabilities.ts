import type { Capabilities } from '../../core/ports/executor.ts'
import type { EngineFacts } from './container-engine.ts'
import { isEncrypted, socketOf } from './engine-address.ts'

/** What the executor can do with this engine, as it is: never more than is in force. */
export function capabilitiesOf(engine: EngineFacts, address: string): Capabilities {
  return {
    images: true,
    exec: true,
    stats: true,
    health: true,
    enforcement: {
      filesystem: 'enforced',
      memory: engine.memoryLimit ? 'enforced' : 'none',
      cpu: engine.cpuLimit ? 'enforced' : 'none',
      pids: engine.pidsLimit ? 'enforced' : 'none',
      disk: 'none',
      network: 'enforced',
      user: 'enforced',
    },
    networks: ['private', 'host', 'none'],
    remarks: remarksOf(engine, address),
  }
}

function remarksOf(engine: EngineFacts, address: string): string[] {
  const name = engine.podman ? 'Podman' : 'Docker'
  const remarks = [`Containers run on ${name} ${engine.version} at ${address}.`]
  if (!engine.memoryLimit) remarks.push(`${name} cannot limit memory here: no memory control group.`)
  if (!engine.cpuLimit) remarks.push(`${name} cannot limit CPU here: no CPU control group with quotas.`)
  if (engine.rootless) remarks.push(`${name} is rootless: ports below 1024 and some limits may not be available.`)
  if (socketOf(address) === undefined && !isEncrypted(address))
    remarks.push('The connection to the container engine is not encrypted: whoever can read it is root there.')
  return remarks
}
