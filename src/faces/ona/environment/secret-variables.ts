import type { EnvValue } from '../../../core/step-spec.ts'
import { allDocuments } from '../../kit/documents.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord, type SecretRecord, secretName } from '../documents.ts'

/** The nearer scope wins (ona.md 6); prebuilds get no user's secrets. */
const NEARNESS: Readonly<Record<SecretRecord['scope']['kind'], number>> = {
  organizationId: 0,
  projectId: 1,
  serviceAccountId: 2,
  userId: 3,
}

/** Secrets that are variables of every program of an environment: its organization's, its project's, its creator's. */
export async function secretVariables(
  { engine, tenant }: Pick<Call, 'engine' | 'tenant'>,
  environment: EnvironmentRecord,
): Promise<Readonly<Record<string, EnvValue>>> {
  const all = await allDocuments<SecretRecord>(engine, tenant, COLLECTIONS.secret)
  const shown = all
    .map(({ body }) => body)
    .filter((secret) => secret.mount.kind === 'environmentVariable' && reaches(secret, environment))
    .sort((a, b) => NEARNESS[a.scope.kind] - NEARNESS[b.scope.kind])
  return Object.fromEntries(shown.map(({ name, id }) => [name, { secret: secretName(id) }]))
}

/** A tenant is one organization. */
function reaches({ scope }: SecretRecord, { role, project, creator }: EnvironmentRecord): boolean {
  switch (scope.kind) {
    case 'organizationId':
      return true
    case 'projectId':
      return scope.id === project
    case 'serviceAccountId':
      return scope.id === creator.id
    case 'userId':
      return scope.id === creator.id && role !== 'prebuild'
  }
}
