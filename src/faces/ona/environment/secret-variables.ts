import type { EnvValue } from '../../../core/step-spec.ts'
import { allDocuments } from '../../kit/documents.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type SecretRecord, secretName } from '../documents.ts'

/** The nearer scope wins (ona.md 6); prebuilds get no user's secrets. */
const NEARNESS: Readonly<Record<SecretRecord['scope']['kind'], number>> = {
  organizationId: 0,
  projectId: 1,
  serviceAccountId: 2,
  userId: 3,
}

/** Secrets that are variables of every program. */
export async function secretVariables(
  { engine, tenant }: Pick<Call, 'engine' | 'tenant'>,
  forPrebuild: boolean,
): Promise<Readonly<Record<string, EnvValue>>> {
  const all = await allDocuments<SecretRecord>(engine, tenant, COLLECTIONS.secret)
  const shown = all
    .map(({ body }) => body)
    .filter((s) => s.mount.kind === 'environmentVariable' && !(forPrebuild && s.scope.kind === 'userId'))
    .sort((a, b) => NEARNESS[a.scope.kind] - NEARNESS[b.scope.kind])
  return Object.fromEntries(shown.map(({ name, id }) => [name, { secret: secretName(id) }]))
}
