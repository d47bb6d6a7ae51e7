/**
 * The token in a container's metadata URL: what it names, and a MAC over it, so that nothing need be stored and nobody
 * can read another task's metadata.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { asExecutionId, asTenant, type ExecutionId, type Tenant } from '../../../core/identity.ts'

export interface MetadataSubject {
  readonly tenant: Tenant
  readonly execution: ExecutionId
  /** Of the container's step. */
  readonly ordinal: number
}

export function metadataToken(key: KeyObject, { tenant, execution, ordinal }: MetadataSubject): string {
  const text = Buffer.from(`${execution} ${ordinal} ${tenant}`).toString('base64url')
  return `${text}.${mac(key, text)}`
}

/** Undefined for a token that was not made here. */
export function metadataSubjectOf(key: KeyObject, token: string): MetadataSubject | undefined {
  const [text = '', given = ''] = token.split('.')
  const [left, right] = [Buffer.from(mac(key, text)), Buffer.from(given)]
  if (left.length !== right.length || !timingSafeEqual(left, right)) return undefined
  const [execution = '', ordinal = '', ...tenant] = Buffer.from(text, 'base64url').toString().split(' ')
  return { execution: asExecutionId(execution), ordinal: Number(ordinal), tenant: asTenant(tenant.join(' ')) }
}

const mac = (key: KeyObject, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url').slice(0, 32)
