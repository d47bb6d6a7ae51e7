import type { Tenant } from '../../../core/identity.ts'
import type { Engine } from '../../../engine/engine.ts'
import { allDocuments } from '../../kit/documents.ts'
import { COLLECTIONS, type EnvironmentRecord, findEnvironment, keyOf, type VariableRecord } from '../documents.ts'

/** Where variables lie: of a project, or of one of its environments. */
export interface Level {
  readonly project: string
  readonly environment?: string
}

export const variableKey = (level: Level, name: string): string =>
  level.environment === undefined ? keyOf(level.project, 'p', name) : keyOf(level.project, 'e', level.environment, name)

/** By name. */
export async function variablesAt(engine: Engine, tenant: Tenant, level: Level): Promise<readonly VariableRecord[]> {
  const keyPrefix =
    level.environment === undefined
      ? `${keyOf(level.project, 'p')}/`
      : `${keyOf(level.project, 'e', level.environment)}/`
  const found = await allDocuments<VariableRecord>(engine, tenant, COLLECTIONS.variable, { keyPrefix, ascending: true })
  return found.map(({ body }) => body)
}

/** The environment's own over those it inherits, nearest last. */
export async function variablesOfEnvironment(
  engine: Engine,
  tenant: Tenant,
  environment: EnvironmentRecord,
): Promise<readonly VariableRecord[]> {
  const inherited: VariableRecord[][] = []
  const seen = new Set([environment.name])
  for (let parent = environment.parent; parent !== null && !seen.has(parent); ) {
    seen.add(parent)
    const found = await findEnvironment(engine, tenant, environment.project, parent).catch(() => undefined)
    if (!found) break
    const own = await variablesAt(engine, tenant, { project: environment.project, environment: parent })
    inherited.unshift(own.filter((variable) => variable.isInheritable))
    parent = found.parent
  }
  const own = await variablesAt(engine, tenant, { project: environment.project, environment: environment.name })
  return [...inherited.flat(), ...own]
}
