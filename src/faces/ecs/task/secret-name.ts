import type { Tenant } from '../../../core/identity.ts'
import type { EnvValue } from '../../../core/step-spec.ts'
import type { Engine } from '../../../engine/engine.ts'

interface SecretReference {
  /** Names under which the operator may have put it, best first. */
  readonly candidates: readonly string[]
  readonly jsonKey?: string
}

/**
 * `valueFrom` of a container's secret: a Secrets Manager ARN (`…:secret:NAME-6chars[:json-key[:stage[:version]]]`), an SSM
 * parameter's ARN or its name. The operator's secret may bear the ARN or the name.
 */
function secretReference(valueFrom: string): SecretReference {
  const manager = /^(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:([^:]+))(?::([^:]*))?(?::[^:]*)*$/.exec(valueFrom)
  if (manager) {
    const [, arn = '', name = '', jsonKey] = manager
    const candidates = [valueFrom, arn, name, name.replace(/-[A-Za-z0-9]{6}$/, '')]
    return { candidates: [...new Set(candidates)], ...(jsonKey && { jsonKey }) }
  }
  const parameter = /^arn:[^:]+:ssm:[^:]*:[^:]*:parameter(\/.+)$/.exec(valueFrom)?.[1] ?? valueFrom
  return { candidates: [...new Set([valueFrom, parameter, parameter.replace(/^\/+/, '')])] }
}

/**
 * The first candidate that the operator has; when there is none, the plainest: the task then fails to start, and its
 * reason names it.
 */
export async function secretValue(engine: Engine, tenant: Tenant, valueFrom: string): Promise<EnvValue> {
  const { candidates, jsonKey } = secretReference(valueFrom)
  const found = await firstKnown(engine, tenant, candidates)
  return { secret: found ?? candidates[candidates.length - 1]!, ...(jsonKey !== undefined && { key: jsonKey }) }
}

async function firstKnown(engine: Engine, tenant: Tenant, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if ((await engine.resolveSecret(tenant, name)) !== undefined) return name
  return undefined
}
