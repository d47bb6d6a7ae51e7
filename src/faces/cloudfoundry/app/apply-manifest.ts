/** An app manifest (YAML): what of it concerns tasks is applied, routes and instances are left out. */
import { parse } from 'yaml'
import type { App, Lifecycle, Process, ServiceInstance, Space } from '../documents.ts'
import { COLLECTIONS } from '../documents.ts'
import { unprocessable } from '../errors.ts'
import type { Call } from '../operation.ts'
import { changedVariables } from '../operations/settings.ts'
import { refreshSeriesOf } from '../task/refresh-series.ts'
import { isObject, type Json, Problems } from '../wire/message.ts'
import { changedMetadata, NO_METADATA, parseMetadata } from '../wire/metadata.ts'
import { appIndexes, ofApp, processesOf } from './find-app.ts'
import { BUILDPACK_LIFECYCLE, buildpackProblem, DOCKER_LIFECYCLE, findByName, newApp, newProcess } from './new-app.ts'

export async function applyManifest(call: Call, space: Space, text: string): Promise<void> {
  for (const one of applicationsOf(text)) await applyApplication(call, space, one)
}

function applicationsOf(text: string): readonly Json[] {
  let document: unknown
  try {
    // Its warnings would quote the manifest on the server's stderr.
    document = parse(text, { maxAliasCount: 100, logLevel: 'error' })
  } catch (error) {
    throw unprocessable(`Cannot parse manifest: ${error instanceof Error ? error.message.split('\n')[0] : 'no YAML'}`)
  }
  const applications = isObject(document) ? document.applications : undefined
  if (!Array.isArray(applications) || applications.length === 0 || !applications.every(isObject))
    throw unprocessable("Cannot parse manifest with no 'applications' field.")
  for (const one of applications)
    if (typeof one.name !== 'string' || one.name === '')
      throw unprocessable('For application at index 0: Name must not be empty')
  return applications
}

async function applyApplication(call: Call, space: Space, given: Json): Promise<void> {
  const name = String(given.name)
  const problems = new Problems({}, [])
  const metadata = parseMetadata(given.metadata, problems)
  problems.check(`For application '${name}': `)
  const { app, web } = await appOf(call, space, name, given)
  await call.records.change<App>(
    COLLECTIONS.app,
    app.guid,
    (a) => ({
      ...a,
      ...lifecyclePart(given),
      env: changedVariables(a.env, isObject(given.env) ? given.env : {}),
      metadata: changedMetadata(a.metadata, metadata),
    }),
    appIndexes,
  )
  const sizes = processPart(name, given)
  await call.records.change<Process>(COLLECTIONS.process, web.guid, (p) => ({ ...p, ...sizes }), ofApp)
  const processes = Array.isArray(given.processes) ? given.processes.filter(isObject) : []
  for (const process of processes) await applyProcess(call, app, name, process)
  if (Array.isArray(given.services)) await bindAll(call, space, app, given.services)
  await refreshSeriesOf(call, app.guid)
}

async function appOf(call: Call, space: Space, name: string, given: Json): Promise<{ app: App; web: Process }> {
  const known = await findByName(call, space.guid, name)
  if (known) {
    const web = (await processesOf(call, known.guid)).find((p) => p.type === 'web')
    if (web) return { app: known, web }
  }
  const lifecycle = lifecyclePart(given).lifecycle ?? BUILDPACK_LIFECYCLE
  const { app, web, changes } = await newApp(call, space, { name, lifecycle, env: {} })
  await call.records.save(...changes)
  return { app, web }
}

function lifecyclePart(given: Json): { readonly lifecycle?: Lifecycle } {
  if (isObject(given.docker)) return { lifecycle: DOCKER_LIFECYCLE }
  const named = given.buildpacks ?? oneBuildpack(given.buildpack)
  const problem = buildpackProblem(named)
  if (problem) throw unprocessable(`For application '${given.name}': ${problem}`)
  const buildpacks = Array.isArray(named) ? named.map(String) : undefined
  const stack = typeof given.stack === 'string' ? given.stack : undefined
  if (!buildpacks && stack === undefined) return {}
  const data = { ...BUILDPACK_LIFECYCLE.data, ...(buildpacks && { buildpacks }), ...(stack && { stack }) }
  return { lifecycle: { type: 'buildpack', data } }
}

/** The older spelling; `default` and `null` leave the choice to the foundation. */
const oneBuildpack = (name: unknown): readonly unknown[] | undefined =>
  name === undefined || name === null || name === 'default' || name === 'null' ? undefined : [name]

async function applyProcess(call: Call, app: App, name: string, given: Json): Promise<void> {
  const type = String(given.type)
  const known = (await processesOf(call, app.guid)).find((p) => p.type === type)
  const process = { ...(known ?? newProcess(call, app.guid, type)), ...processPart(name, given) }
  await call.records.save(call.records.putOf(COLLECTIONS.process, process, ofApp(process)))
}

function processPart(name: string, given: Json): Partial<Process> {
  const memory = sizeMb(name, 'Memory', given.memory)
  const disk = sizeMb(name, 'Disk quota', given.disk_quota ?? given['disk-quota'])
  const logRate = logRateOf(name, given['log-rate-limit-per-second'])
  const type = given['health-check-type']
  return {
    ...(typeof given.command === 'string' &&
      given.command !== '' &&
      given.command !== 'null' && { command: given.command }),
    ...(memory !== undefined && { memory }),
    ...(disk !== undefined && { disk }),
    ...(logRate !== undefined && { logRate }),
    ...(Number.isInteger(given.instances) && { instances: given.instances as number }),
    ...(typeof type === 'string' && { healthCheck: { type, data: { timeout: null, invocation_timeout: null } } }),
  }
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  K: 2 ** 10,
  KB: 2 ** 10,
  M: 2 ** 20,
  MB: 2 ** 20,
  G: 2 ** 30,
  GB: 2 ** 30,
  T: 2 ** 40,
  TB: 2 ** 40,
}

function bytesOf(value: unknown): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([KMGT]?B?)$/i.exec(String(value).trim())
  const unit = found && UNITS[found[2]!.toUpperCase()]
  return found && unit ? Math.floor(Number(found[1]) * unit) : undefined
}

function sizeMb(name: string, label: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const bytes = bytesOf(value)
  if (bytes === undefined || bytes < 2 ** 20)
    throw unprocessable(
      `For application '${name}': Process "web": ${label} must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB`,
    )
  return Math.floor(bytes / 2 ** 20)
}

function logRateOf(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (String(value) === '-1' || String(value) === '0') return Number(value)
  const bytes = bytesOf(value)
  if (bytes === undefined)
    throw unprocessable(
      `For application '${name}': Process "web": Log rate limit per second must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB`,
    )
  return bytes
}

async function bindAll(call: Call, space: Space, app: App, names: readonly unknown[]): Promise<void> {
  const services = await call.records.all<ServiceInstance>(COLLECTIONS.service, { name: 'space', value: space.guid })
  const bound = await call.records.all<{ guid: string; created: number; updated: number; service: string }>(
    COLLECTIONS.binding,
    { name: 'app', value: app.guid },
  )
  for (const given of names) {
    const name = isObject(given) ? String(given.name) : String(given)
    const service = services.find((s) => s.name === name)
    if (!service) throw unprocessable(`For application '${app.name}': Service instance '${name}' not found`)
    if (bound.some((b) => b.service === service.guid)) continue
    const binding = { ...call.records.fresh(), app: app.guid, service: service.guid, metadata: NO_METADATA }
    await call.records.save(call.records.putOf(COLLECTIONS.binding, binding, { app: app.guid, service: service.guid }))
  }
}
