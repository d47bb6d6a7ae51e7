import type { NodeId, Tenant } from '../../../core/identity.ts'
import { derivedHex } from '../identifiers.ts'

/** A container instance's id: 32 hex digits, one per node and account and region. */
export const instanceIdOf = (tenant: Tenant, node: NodeId): string => derivedHex('instance', tenant, node)

/** What takes the place of an EC2 instance's id where none was registered. */
export const machineIdOf = (tenant: Tenant, node: NodeId): string => `i-${derivedHex('ec2', tenant, node).slice(0, 17)}`
