/**
 * Relationships to endpoints that the operator declares, as variables of project or environment: `endpoint:db`, or
 * `endpoint:db:reader` for one of several, with an address as value (`postgresql://user:password@host:5432/main`).
 */
import type { EnvValue } from '../../../core/step-spec.ts'
import type { Call } from '../call.ts'
import type { TaskConfig } from '../config/task-config.ts'
import type { VariableRecord } from '../documents.ts'
import { badRequest } from '../errors.ts'
import { ENDPOINT_PREFIX } from '../variable/declaration.ts'
import { base64Json, sealed } from '../variable/platform-variables.ts'

/** PLATFORM_RELATIONSHIPS and `<REL>_<PROPERTY>`, sealed. Throws 400 naming the relationship that leads nowhere. */
export async function relationshipEnvironment(
  call: Call,
  config: TaskConfig,
  variables: readonly VariableRecord[],
): Promise<Readonly<Record<string, EnvValue>>> {
  const names = Object.keys(config.relationships)
  if (names.length === 0) return { PLATFORM_RELATIONSHIPS: base64Json({}) }
  const content: Record<string, readonly object[]> = {}
  const env: Record<string, string> = {}
  for (const name of names) {
    const endpoint = await endpointOf(call, config, name, variables)
    content[name] = [endpoint]
    Object.assign(env, variablesOf(name, endpoint))
  }
  return sealed(call, { ...env, PLATFORM_RELATIONSHIPS: base64Json(content) })
}

type Endpoint = ReturnType<typeof describe>

async function endpointOf(
  call: Call,
  config: TaskConfig,
  name: string,
  variables: readonly VariableRecord[],
): Promise<Endpoint> {
  const relationship = config.relationships[name]
  const service = relationship?.service ?? name
  const endpoint = relationship?.endpoint ?? undefined
  const wanted = [
    ...(endpoint === undefined ? [] : [`${ENDPOINT_PREFIX}${service}:${endpoint}`]),
    `${ENDPOINT_PREFIX}${service}`,
  ]
  const found = wanted.flatMap((key) => variables.findLast((v) => v.name === key && v.isEnabled) ?? [])[0]
  if (!found)
    throw badRequest(
      `relationship ${name}: no endpoint of ${service} is declared; set the variable ${wanted.at(-1)} to its address`,
    )
  const address = found.value ?? (await call.engine.resolveSecret(call.tenant, found.secret ?? '')) ?? ''
  const url = URL.parse(address)
  if (!url) throw badRequest(`relationship ${name}: the variable ${found.name} holds no address`)
  return describe(name, service, endpoint ?? url.protocol.replace(':', ''), url)
}

function describe(name: string, service: string, endpoint: string, url: URL) {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return {
    scheme: url.protocol.replace(':', ''),
    host,
    hostname: host,
    ip: host,
    port: url.port === '' ? null : Number(url.port),
    path: decodeURIComponent(url.pathname.replace(/^\//, '')),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    rel: endpoint,
    service,
    type: `${url.protocol.replace(':', '')}:declared`,
    query: { is_master: true },
    cluster: name,
    fragment: null,
    public: false,
    host_mapped: false,
    epoch: 0,
    url: url.href,
  }
}

/** `DB_HOST` …: letters that a variable's name cannot have become `_` (reference §5.1). */
function variablesOf(name: string, endpoint: Endpoint): Record<string, string> {
  const prefix = name.toUpperCase().replaceAll(/[^0-9A-Z_]/g, '_')
  return Object.fromEntries(
    Object.entries(endpoint).map(([key, value]) => [
      `${prefix}_${key.toUpperCase()}`,
      value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  )
}
