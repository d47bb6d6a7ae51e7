/**
 * What a run or a build sees of variables. Low to high: the task's configuration, the project's as deployed, the
 * environment's, the run's own (reference §5.1). `env:NAME` becomes `$NAME`, upper-cased; everything else goes into
 * PLATFORM_VARIABLES.
 */
import type { EnvValue } from '../../../core/step-spec.ts'
import type { VariableRecord } from '../documents.ts'
import { isDeclaration } from './declaration.ts'

/** prefix → name → value, as configurations and triggers write them. */
export type GivenVariables = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface VariableSources {
  readonly config: GivenVariables
  readonly project: readonly VariableRecord[]
  readonly environment: readonly VariableRecord[]
  readonly run: GivenVariables
}

export interface EffectiveVariables {
  readonly env: Readonly<Record<string, EnvValue>>
  /** Content of PLATFORM_VARIABLES; a sensitive one is still the name of its secret. */
  readonly platform: Readonly<Record<string, PlatformValue>>
}

export type PlatformValue = { readonly value: unknown } | { readonly secret: string; readonly isJson: boolean }

export function effectiveVariables(
  sources: VariableSources,
  task: string,
  phase: 'build' | 'runtime',
): EffectiveVariables {
  const env: Record<string, EnvValue> = {}
  const platform: Record<string, PlatformValue> = {}
  const give = (given: GivenVariables): void => {
    for (const [prefix, values] of Object.entries(given))
      for (const [name, value] of Object.entries(values))
        if (prefix === 'env') Object.assign(env, { [name]: plain(value) }, { [name.toUpperCase()]: plain(value) })
        else platform[`${prefix}:${name}`] = { value }
  }
  const set = (variable: VariableRecord): void => {
    if (!isSeen(variable, task, phase)) return
    const name = variable.name.startsWith('env:') ? variable.name.slice(4).toUpperCase() : undefined
    if (name !== undefined)
      env[name] = variable.secret === undefined ? (variable.value ?? '') : { secret: variable.secret }
    else platform[variable.name] = platformValue(variable)
  }
  give(sources.config)
  sources.project.forEach(set)
  sources.environment.forEach(set)
  give(sources.run)
  return { env, platform }
}

function isSeen(variable: VariableRecord, task: string, phase: 'build' | 'runtime'): boolean {
  if (!variable.isEnabled || isDeclaration(variable)) return false
  if (!(phase === 'build' ? variable.visibleBuild : variable.visibleRuntime)) return false
  return variable.applicationScope.length === 0 || variable.applicationScope.includes(task)
}

function platformValue(variable: VariableRecord): PlatformValue {
  if (variable.secret !== undefined) return { secret: variable.secret, isJson: variable.isJson }
  return { value: variable.isJson ? parsed(variable.value ?? '') : (variable.value ?? '') }
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A Unix variable is a text: what is none is written as JSON. */
const plain = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value)
