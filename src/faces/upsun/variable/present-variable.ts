import type { VariableRecord } from '../documents.ts'
import { environmentPath } from '../environment/present-environment.ts'
import { projectPath } from '../project/present-project.ts'
import { timestamp } from '../wire/timestamp.ts'
import type { Level } from './variable-store.ts'

/** Set on an environment above this one. */
export const isInherited = (v: VariableRecord, level: Level): boolean => v.environment !== level.environment

/** ProjectVariable or EnvironmentVariable (reference §1.3). A sensitive one has no value. */
export function presentVariable(v: VariableRecord, level: Level): object {
  const owner =
    v.environment === undefined
      ? projectPath(v.project)
      : environmentPath(v.project, level.environment ?? v.environment)
  const self = `${owner}/variables/${encodeURIComponent(v.name)}`
  return {
    id: v.name,
    created_at: timestamp(v.createdAt),
    updated_at: timestamp(v.updatedAt),
    name: v.name,
    attributes: v.attributes,
    ...(v.value !== undefined && { value: v.value }),
    is_json: v.isJson,
    is_sensitive: v.isSensitive,
    visible_build: v.visibleBuild,
    visible_runtime: v.visibleRuntime,
    application_scope: v.applicationScope,
    ...(v.environment !== undefined && {
      project: v.project,
      environment: level.environment ?? v.environment,
      inherited: isInherited(v, level),
      is_enabled: v.isEnabled,
      is_inheritable: v.isInheritable,
    }),
    _links: {
      self: { href: self },
      '#edit': { href: self },
      ...(!isInherited(v, level) && { '#delete': { href: self } }),
    },
  }
}
