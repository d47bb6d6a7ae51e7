import { badRequest } from '../errors.ts'
import { ConfigReader, type Path, type Problem } from './config-reader.ts'
import { readRuntime } from './read-runtime.ts'
import { readMounts, readRelationships } from './read-surroundings.ts'
import { readAuthorizations, readHosts, readVariables } from './read-task-parts.ts'
import { DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS, type TaskConfig } from './task-config.ts'

export const CONFIG_PATH = '.upsun/config.yaml'
const TOP_KEYS = ['applications', 'services', 'routes', 'tasks']
const TASK_KEYS = [
  ...['type', 'source', 'run', 'hooks', 'resources', 'container_profile', 'authorizations', 'relationships'],
  ...['additional_hosts', 'mounts', 'timezone', 'variables', 'dependencies', 'runtime'],
]
const PROFILES = ['HIGH_CPU', 'BALANCED', 'HIGH_MEMORY', 'HIGHER_MEMORY'] as const

/** `tasks:` of a configuration. Throws 400 with every mistake, each with line and column. */
export function parseConfig(text: string): readonly TaskConfig[] {
  const reader = new ConfigReader(text)
  const tasks = reader.problems.length > 0 ? [] : readAll(reader)
  if (reader.problems.length > 0) throw problemsError(reader.problems)
  return tasks
}

function readAll(reader: ConfigReader): readonly TaskConfig[] {
  reader.onlyKeys([], TOP_KEYS)
  const names = reader.keys(['tasks'])
  if (names.length === 0 && reader.problems.length === 0) reader.problem(['tasks'], 'no task is declared')
  return names.map((name) => readTask(reader, name, names))
}

function readTask(reader: ConfigReader, name: string, names: readonly string[]): TaskConfig {
  const at: Path = ['tasks', name]
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name))
    reader.problem(at, 'a name consists of letters, digits, - and _, 63 at most')
  reader.onlyKeys(at, TASK_KEYS)
  reader.onlyKeys([...at, 'source'], ['root'])
  reader.onlyKeys([...at, 'run'], ['command', 'timeout'])
  reader.onlyKeys([...at, 'hooks'], ['build', 'deploy'])
  const command = reader.text([...at, 'run', 'command'])
  if (command === undefined || command.trim() === '') reader.problem([...at, 'run'], 'run.command is required')
  return {
    name,
    type: readType(reader, at),
    sourceRoot: readRoot(reader, [...at, 'source', 'root']),
    build: reader.text([...at, 'hooks', 'build']) ?? null,
    deploy: reader.text([...at, 'hooks', 'deploy']) ?? null,
    command: command ?? '',
    timeoutSeconds: reader.integer([...at, 'run', 'timeout'], 1, MAX_TIMEOUT_SECONDS) ?? DEFAULT_TIMEOUT_SECONDS,
    resources: readResources(reader, [...at, 'resources']),
    containerProfile: reader.oneOf([...at, 'container_profile'], PROFILES) ?? null,
    authorizations: readAuthorizations(reader, [...at, 'authorizations'], names),
    relationships: readRelationships(reader, [...at, 'relationships']),
    additionalHosts: readHosts(reader, [...at, 'additional_hosts']),
    mounts: readMounts(reader, [...at, 'mounts']),
    timezone: readTimezone(reader, [...at, 'timezone']),
    variables: readVariables(reader, [...at, 'variables']),
    ...readRuntime(reader, at),
  }
}

function readType(reader: ConfigReader, at: Path): string {
  const type = reader.text([...at, 'type'])
  if (type === undefined) reader.problem(at, 'type is required, for example python:3.13')
  else if (!/^[a-z][a-z0-9-]*:[A-Za-z0-9][A-Za-z0-9.:_-]*$/.test(type))
    reader.problem([...at, 'type'], 'a type is written runtime:version, for example python:3.13')
  return type ?? ''
}

function readRoot(reader: ConfigReader, path: Path): string {
  const root = reader.text(path) ?? '/'
  if (root.split('/').includes('..')) reader.problem(path, 'it may not leave the repository')
  return root
}

/** Each at most 1024 MB (reference §5, "Memory"). */
function readResources(reader: ConfigReader, path: Path): TaskConfig['resources'] {
  if (!reader.has(path) || reader.value(path) === null) return null
  reader.onlyKeys(path, ['base_memory', 'memory_ratio'])
  return {
    base_memory: reader.integer([...path, 'base_memory'], 1, 1_024) ?? 64,
    memory_ratio: reader.integer([...path, 'memory_ratio'], 0, 1_024) ?? 128,
  }
}

function readTimezone(reader: ConfigReader, path: Path): string | null {
  const zone = reader.text(path)
  if (zone === undefined) return null
  if (!isTimezone(zone)) reader.problem(path, 'no such time zone; write it as Europe/Berlin')
  return zone
}

export function isTimezone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined
  } catch {
    return false
  }
}

function problemsError(problems: readonly Problem[]): Error {
  const lines = problems.map(
    (p) => `${CONFIG_PATH}:${p.line}:${p.column}: ${p.field === '' ? '' : `${p.field}: `}${p.message}`,
  )
  const detail = Object.fromEntries(
    problems.map((p) => [p.field === '' ? CONFIG_PATH : p.field, `line ${p.line}, column ${p.column}: ${p.message}`]),
  )
  return badRequest(lines.join('\n'), detail)
}
