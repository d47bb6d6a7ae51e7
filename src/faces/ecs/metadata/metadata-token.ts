/** The token in a container's metadata URL names what may be read with it, and nobody can read another task's. */
import type { KeyObject } from 'node:crypto'
import type { ExecutionId, Tenant } from '../../../core/identity.ts'
import { SignedTokens } from '../../kit/signed-token.ts'

export interface MetadataSubject {
  readonly tenant: Tenant
  readonly execution: ExecutionId
  /** Of the container's step. */
  readonly ordinal: number
}

type Claims = readonly [ExecutionId, number, Tenant]

const tokens = (key: KeyObject): SignedTokens<Claims> => new SignedTokens(key, 'ecs/metadata')

export const metadataToken = (key: KeyObject, { tenant, execution, ordinal }: MetadataSubject): string =>
  tokens(key).mint([execution, ordinal, tenant])

/** Undefined for a token that was not made here. */
export function metadataSubjectOf(key: KeyObject, token: string): MetadataSubject | undefined {
  const claims = tokens(key).claims(token, 0)
  return claims && { execution: claims[0], ordinal: claims[1], tenant: claims[2] }
}
