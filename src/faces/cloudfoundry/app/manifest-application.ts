/** An app manifest (YAML) → what of it concerns tasks, checked as Cloud Controller checks it (app_manifest_message.rb). */
import { parse } from 'yaml'
import type { Lifecycle } from '../documents.ts'
import { unprocessable } from '../errors.ts'
import { forbiddenName } from '../task/parse-task.ts'
import { isObject, type Json, Problems } from '../wire/message.ts'
import { type MetadataChange, parseMetadata } from '../wire/metadata.ts'
import { type ManifestProcess, parseProcess } from './manifest-process.ts'
import { BUILDPACK_LIFECYCLE, buildpackProblem, DOCKER_LIFECYCLE } from './new-app.ts'

export interface ManifestApplication {
  readonly name: string
  readonly lifecycle?: Lifecycle
  readonly env: Readonly<Record<string, string>>
  readonly metadata: MetadataChange
  readonly processes: readonly ManifestProcess[]
  readonly services: readonly string[]
}

/** Throws CF-UnprocessableEntity with everything that is wrong, before anything is done. */
export function parseManifest(text: string): readonly ManifestApplication[] {
  const wrong = new Problems({}, [])
  const applications = applicationsOf(text).map((given, index) => {
    const problems = new Problems({}, [])
    const application = parseApplication(given, problems)
    const where = application.name === '' ? `at index ${index}` : `'${application.name}'`
    for (const problem of problems.all) wrong.add(`For application ${where}: ${problem}`)
    return application
  })
  wrong.check()
  return applications
}

function applicationsOf(text: string): readonly Json[] {
  let document: unknown
  try {
    // Its warnings would quote the manifest on the server's stderr.
    document = parse(text, { maxAliasCount: 100, merge: true, logLevel: 'error' })
  } catch (error) {
    throw unprocessable(`Cannot parse manifest: ${error instanceof Error ? error.message.split('\n')[0] : 'no YAML'}`)
  }
  const applications = isObject(document) ? document.applications : undefined
  if (!Array.isArray(applications) || applications.length === 0 || !applications.every(isObject))
    throw unprocessable("Cannot parse manifest with no 'applications' field.")
  return applications.map(withUnderscores)
}

/** Keys are written either way. */
const withUnderscores = (given: Json): Json =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key.replaceAll('-', '_'), value]))

function parseApplication(given: Json, problems: Problems): ManifestApplication {
  const lifecycle = lifecycleOf(given, problems)
  return {
    name: nameOf(given, problems),
    ...(lifecycle && { lifecycle }),
    env: environmentOf(given.env, problems),
    metadata: parseMetadata(given.metadata, problems),
    processes: processesOf(given, problems),
    services: servicesOf(given.services, problems),
  }
}

function nameOf({ name }: Json, problems: Problems): string {
  if (name === undefined || name === null || name === '') problems.add('Name must not be empty')
  else if (typeof name !== 'string') problems.add('Name must be a string')
  return typeof name === 'string' ? name : ''
}

function lifecycleOf(given: Json, problems: Problems): Lifecycle | undefined {
  const named = given.buildpacks ?? oneBuildpack(given.buildpack)
  if (given.buildpack !== undefined && given.buildpacks !== undefined)
    problems.add('Buildpack and Buildpacks fields cannot be used together.')
  if (isObject(given.docker)) {
    if (named !== undefined) problems.add('Cannot specify both buildpack(s) and docker keys')
    return DOCKER_LIFECYCLE
  }
  const problem = buildpackProblem(named)
  if (problem) problems.add(problem)
  const buildpacks = Array.isArray(named) ? named.map(String) : undefined
  const stack = typeof given.stack === 'string' ? given.stack : undefined
  if (!buildpacks && stack === undefined) return undefined
  const data = { ...BUILDPACK_LIFECYCLE.data, ...(buildpacks && { buildpacks }), ...(stack !== undefined && { stack }) }
  return { type: 'buildpack', data }
}

/** The older spelling; `default` and `null` leave the choice to the foundation. */
const oneBuildpack = (name: unknown): readonly unknown[] | undefined =>
  name === undefined || name === null || name === 'default' || name === 'null' ? undefined : [name]

function environmentOf(env: unknown, problems: Problems): Readonly<Record<string, string>> {
  if (env === undefined) return {}
  if (!isObject(env)) return problems.instead('Env must be an object of keys and values', {})
  for (const name of Object.keys(env)) {
    const wrong = forbiddenName(name)
    if (wrong) problems.add(`Env ${wrong}`)
  }
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, textOf(value)]))
}

const textOf = (value: unknown): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

/** Where a process `web` is described of its own, what the application says of it does not count. */
function processesOf(given: Json, problems: Problems): readonly ManifestProcess[] {
  const own = given.processes ?? []
  if (!Array.isArray(own) || !own.every(isObject))
    return problems.instead('Processes must be an array of process configurations', [])
  const named = own.filter(({ type }) => type !== undefined && type !== null && type !== '')
  if (named.length < own.length) problems.add('All Processes must specify a type')
  const types = named.map(({ type }) => String(type))
  for (const type of new Set(types.filter((type, i) => types.indexOf(type) < i)))
    problems.add(`Process "${type}" may only be present once`)
  const all = types.includes('web') ? named : [{ ...given, type: 'web' }, ...named]
  return all.map((process) => parseProcess(withUnderscores(process), problems))
}

function servicesOf(services: unknown, problems: Problems): readonly string[] {
  if (services === undefined || services === null) return []
  if (!Array.isArray(services)) return problems.instead('Services must be a list of service instances', [])
  return services.map((service) => (isObject(service) ? String(service.name) : String(service)))
}
