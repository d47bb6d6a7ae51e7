import type { Execution } from '../core/execution.ts'
import { stepsOf } from '../core/execution.ts'
import type { Reason } from '../core/reason.ts'
import { reason } from '../core/reason.ts'
import type { EnvValue, RunSpec } from '../core/step-spec.ts'
import type { Context } from './context.ts'

export interface ResolvedEnvironment {
  readonly env: Readonly<Record<string, string>>
  /** The first thing that is not there. */
  readonly missing?: Reason
}

/** The run's environment with secrets and outputs in place. Synchronous when everything is literal. */
export function resolveEnvironment(
  context: Context,
  execution: Execution,
  run: RunSpec,
): ResolvedEnvironment | Promise<ResolvedEnvironment> {
  const entries = Object.entries(run.env)
  if (run.outputsOf !== undefined) return withOutputs(context, execution, run.outputsOf, entries)
  if (entries.every(([, value]) => typeof value === 'string'))
    return { env: run.env as Readonly<Record<string, string>> }
  return resolveAll(context, execution, entries)
}

async function withOutputs(
  context: Context,
  execution: Execution,
  steps: readonly string[],
  entries: readonly [string, EnvValue][],
): Promise<ResolvedEnvironment> {
  const specs = stepsOf(execution)
  const outputs = steps.map((name) => execution.status.steps[specs.findIndex((s) => s.name === name)]?.outputs ?? {})
  const { env, missing } = await resolveAll(context, execution, entries)
  return missing ? { env, missing } : { env: { ...Object.assign({}, ...outputs), ...env } }
}

async function resolveAll(
  context: Context,
  execution: Execution,
  entries: readonly [string, EnvValue][],
): Promise<ResolvedEnvironment> {
  const env: Record<string, string> = {}
  for (const [name, value] of entries) {
    const found = await resolveOne(context, execution, name, value)
    if (typeof found === 'object') return { env: {}, missing: found }
    if (found !== undefined) env[name] = found
  }
  return { env }
}

async function resolveOne(
  context: Context,
  execution: Execution,
  name: string,
  value: EnvValue,
): Promise<string | Reason | undefined> {
  if (typeof value === 'string') return value
  if ('output' in value) return outputOf(execution, name, value)
  const text = await context.secrets.resolve(execution.tenant, value.secret)
  if (text === undefined)
    return reason('secret_missing', `there is no secret ${value.secret} for ${name}`, {
      secret: value.secret,
      variable: name,
    })
  return value.key === undefined ? text : fieldOf(text, value.secret, value.key, name)
}

/** One field of a secret that is a JSON object. */
function fieldOf(text: string, secret: string, key: string, variable: string): string | Reason {
  try {
    const field = (JSON.parse(text) as Record<string, unknown>)[key]
    if (field !== undefined) return typeof field === 'string' ? field : JSON.stringify(field)
  } catch {
    // Not JSON: it has no such field.
  }
  return reason('secret_missing', `secret ${secret} has no field ${key} for ${variable}`, { secret, key, variable })
}

function outputOf(
  execution: Execution,
  variable: string,
  value: Extract<EnvValue, { output: unknown }>,
): string | Reason | undefined {
  const { step, key } = value.output
  const ordinal = stepsOf(execution).findIndex((s) => s.name === step)
  const found = execution.status.steps[ordinal]?.outputs[key]
  if (found !== undefined || value.optional) return found
  return reason('output_missing', `step ${step} gave no output ${key} for ${variable}`, { step, key, variable })
}
