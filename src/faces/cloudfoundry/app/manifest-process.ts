import type { Process } from '../documents.ts'
import type { Json, Problems } from '../wire/message.ts'

export interface ManifestProcess extends Partial<Pick<Process, 'instances' | 'memory' | 'disk' | 'logRate'>> {
  readonly type: string
  /** Null: the one that the droplet brings. */
  readonly command?: string | null
  readonly healthCheck?: Process['healthCheck']
}

const LONGEST_COMMAND = 4_096
const MIB = 2 ** 20

/** One process of a manifest. What is wrong is said with its type. */
export function parseProcess(given: Json, problems: Problems): ManifestProcess {
  const type = String(given.type)
  const say = (problem: string): void => problems.add(`Process "${type}": ${problem}`)
  const command = commandOf(given.command, say)
  const instances = instancesOf(given.instances, say)
  const memory = megabytesOf(given.memory, 'Memory', say)
  const disk = megabytesOf(given.disk_quota, 'Disk quota', say)
  const logRate = logRateOf(given.log_rate_limit_per_second, say)
  const healthCheck = healthCheckOf(given.health_check_type, say)
  return {
    type,
    ...(command !== undefined && { command }),
    ...(instances !== undefined && { instances }),
    ...(memory !== undefined && { memory }),
    ...(disk !== undefined && { disk }),
    ...(logRate !== undefined && { logRate }),
    ...(healthCheck && { healthCheck }),
  }
}

/** The process as the manifest wants it. */
export function changedProcess(process: Process, { type: _same, command, ...wish }: ManifestProcess): Process {
  const { command: former, ...rest } = process
  const after = command === undefined ? former : (command ?? undefined)
  return { ...rest, ...wish, ...(after !== undefined && { command: after }) }
}

type Say = (problem: string) => void

/** `null` and `default`, written out, take the command away. */
function commandOf(command: unknown, say: Say): string | null | undefined {
  if (command === undefined) return undefined
  if (command === null || command === 'null' || command === 'default') return null
  if (typeof command !== 'string') say('Command must be a string')
  else if (command.length < 1 || command.length > LONGEST_COMMAND)
    say(`Command must be between 1 and ${LONGEST_COMMAND} characters`)
  else return command
  return undefined
}

function instancesOf(instances: unknown, say: Say): number | undefined {
  if (instances === undefined || instances === null) return undefined
  if (typeof instances !== 'number') say('Instances is not a number')
  else if (!Number.isInteger(instances)) say('Instances must be an integer')
  else if (instances < 0) say('Instances must be greater than or equal to 0')
  else return instances
  return undefined
}

const HEALTH_CHECKS: Readonly<Record<string, string>> = {
  port: 'port',
  process: 'process',
  http: 'http',
  // What it was called before.
  none: 'process',
}

function healthCheckOf(type: unknown, say: Say): Process['healthCheck'] | undefined {
  if (type === undefined || type === null) return undefined
  const known = HEALTH_CHECKS[String(type)]
  if (known === undefined) return void say('Health check type must be "port", "process", or "http"') as undefined
  return { type: known, data: { timeout: null, invocation_timeout: null } }
}

function megabytesOf(value: unknown, label: string, say: Say): number | undefined {
  const bytes = bytesOf(value, label, say)
  if (bytes === undefined) return undefined
  const megabytes = Math.floor(bytes / MIB)
  if (megabytes < 1) return void say(`${label} must be greater than 0MB`) as undefined
  return megabytes
}

const logRateOf = (value: unknown, say: Say): number | undefined =>
  String(value) === '-1' || String(value) === '0' ? Number(value) : bytesOf(value, 'Log rate limit per second', say)

const POWERS = ['', 'K', 'M', 'G', 'T']

function bytesOf(value: unknown, label: string, say: Say): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const text = String(value).trim()
  if (!/^-?\d/.test(text)) return void say(`${label} is not a number`) as undefined
  const [, number, power] = /^(-?\d+(?:\.\d+)?)(?:([KMGT])B?|B)$/i.exec(text) ?? []
  if (number === undefined)
    return void say(`${label} must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB`) as undefined
  return Math.floor(Number(number) * 1_024 ** POWERS.indexOf((power ?? '').toUpperCase()))
}
