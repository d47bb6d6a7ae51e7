import type { Tenant } from '../../core/identity.ts'
import type { FaceContext } from '../kit/face.ts'
import { FACE } from './auth.ts'

/** Everybody who has a credential of this face. */
export async function tenantsOf({ credentials }: FaceContext): Promise<readonly Tenant[]> {
  const minted = await credentials.list({ face: FACE })
  const first = await credentials.firstStart(FACE)
  return [...new Set([first.principal.tenant, ...minted.map(({ tenant }) => tenant)])]
}
