/** The body of `POST /v3/apps/:guid/tasks` (task_create_message.rb and the model's own validation). */
import type { Schedule } from '../../../core/task.ts'
import type { Process } from '../documents.ts'
import type { CloudFoundryOptions } from '../options.ts'
import { isObject, type Json, Problems } from '../wire/message.ts'
import { changedMetadata, type Metadata, NO_METADATA, parseMetadata } from '../wire/metadata.ts'
import { type EngineWishes, engineWishes, scheduleOf } from './annotations.ts'

const KNOWN = [
  'name',
  'command',
  'disk_in_mb',
  'memory_in_mb',
  'log_rate_limit_in_bytes_per_second',
  'droplet_guid',
  'template',
  'user',
  'metadata',
  'environment_variables',
]

const LONGEST_ENVIRONMENT = 4_096
const LONGEST_COMMAND = 4_096
const LONGEST_GUID = 200

/** What was asked for, before the app and its defaults are known. */
export interface TaskMessage {
  readonly name?: string
  readonly command?: string
  readonly disk?: number
  readonly memory?: number
  readonly logRate?: number
  readonly droplet?: string
  readonly process?: string
  readonly user?: string
  readonly env?: Readonly<Record<string, string>>
  readonly metadata: Metadata
  readonly wishes: EngineWishes
  readonly schedule?: Schedule
  readonly problems: Problems
}

/** Throws CF-UnprocessableEntity with everything that is wrong. */
export function parseTask(body: Json, app: string): TaskMessage {
  const problems = new Problems(body, KNOWN)
  const change = parseMetadata(body.metadata, problems)
  const message: TaskMessage = {
    ...part('disk', problems.integer(body, 'disk_in_mb', 'Disk in mb', 0, '0')),
    ...part('memory', problems.integer(body, 'memory_in_mb', 'Memory in mb', 0, '0')),
    ...part('logRate', problems.integer(body, LOG_RATE, 'Log rate limit in bytes per second', -2, '-2')),
    ...part('droplet', dropletOf(body, problems)),
    ...part('process', processOf(body, problems)),
    ...part('command', commandOf(body, problems)),
    ...part('name', nameOf(body, problems)),
    ...part('user', body.user === null ? undefined : problems.text(body, 'user', 'User', 255)),
    ...part('env', parseTaskEnvironment(body.environment_variables, problems)),
    metadata: changedMetadata(NO_METADATA, change, problems),
    wishes: engineWishes(change.annotations, app, problems),
    ...part('schedule', scheduleOf(change.annotations, problems)),
    problems,
  }
  problems.check()
  return message
}

const LOG_RATE = 'log_rate_limit_in_bytes_per_second'

const part = <Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } =>
  (value === undefined ? {} : { [name]: value }) as { [K in Name]?: Value }

/** An explicit command wins over a template even when it is null. */
function commandOf(body: Json, problems: Problems): string | undefined {
  const { command } = body
  if (command === undefined && body.template !== undefined) return undefined
  const hasTemplate = body.template !== undefined && body.template !== null
  if (command === null && hasTemplate) problems.add('command presence')
  else if (command === undefined || command === null) problems.add('Command No command or template provided')
  else if (typeof command !== 'string') problems.add('Command must be a string')
  else if (command.trim() === '') problems.add('command presence')
  else if (command.length > LONGEST_COMMAND)
    problems.add(`command must be shorter than ${LONGEST_COMMAND + 1} characters`)
  else if (command.includes('\0')) problems.add('command format')
  else return command
  return undefined
}

/** One line of printable characters. A name that was asked for must be one. */
function nameOf(body: Json, problems: Problems): string | undefined {
  if (!Object.hasOwn(body, 'name')) return undefined
  const { name } = body
  if (typeof name === 'string' && name !== '' && !/[\p{Cc}\u2028\u2029]/u.test(name)) return name
  problems.add(typeof name === 'string' || name === null ? 'name format' : 'Name must be a string')
  return undefined
}

function processOf(body: Json, problems: Problems): string | undefined {
  if (body.template === undefined) return undefined
  const process = isObject(body.template) ? body.template.process : undefined
  return guidOf(isObject(process) ? process.guid : undefined, 'Template process guid', problems)
}

const dropletOf = (body: Json, problems: Problems): string | undefined =>
  body.droplet_guid === undefined || body.droplet_guid === null
    ? undefined
    : guidOf(body.droplet_guid, 'Droplet guid', problems)

/** Cloud Controller's GuidValidator, which says both of what is no text. */
function guidOf(value: unknown, label: string, problems: Problems): string | undefined {
  if (typeof value !== 'string') problems.add(`${label} must be a string`)
  if (typeof value === 'string' && value.length >= 1 && value.length <= LONGEST_GUID) return value
  problems.add(`${label} must be between 1 and ${LONGEST_GUID} characters`)
  return undefined
}

/** The old API's field, with the validation that Cloud Controller's model still has. */
function parseTaskEnvironment(value: unknown, problems: Problems): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) return problems.instead('Environment variables must be a hash', undefined)
  for (const key of Object.keys(value)) {
    const wrong = forbiddenName(key)
    if (wrong) problems.add(`environment_variables ${wrong}`)
  }
  const pairs = Object.entries(value).map(([k, v]): [string, string] => [
    k,
    typeof v === 'string' ? v : JSON.stringify(v),
  ])
  if (pairs.some(([k, v]) => k.includes('\0') || k.includes('=') || v.includes('\0')))
    problems.add('environment_variables must not contain NUL, nor names with =')
  if (JSON.stringify(value).length > LONGEST_ENVIRONMENT)
    problems.add('environment_variables exceeded the maximum length allowed of 4096 characters as json')
  return Object.fromEntries(pairs)
}

/** Names that an app may not set (environment_validator.rb). */
export function forbiddenName(name: string): string | undefined {
  if (name === '') return 'key must be a minimum length of 1'
  if (/^VCAP_/i.test(name)) return 'cannot start with VCAP_'
  if (/^VMC/i.test(name)) return 'cannot start with VMC_'
  return /^PORT$/i.test(name) ? 'cannot set PORT' : undefined
}

export interface TaskSizes {
  readonly command: string
  readonly memory: number
  readonly disk: number
  readonly logRate: number
  readonly user: string | null
}

/** What the message leaves open comes from the template, then from the foundation. */
export function sizesOf(
  message: TaskMessage,
  template: Process | undefined,
  templateCommand: string | undefined,
  options: CloudFoundryOptions,
): TaskSizes {
  const disk = message.disk ?? template?.disk ?? options.defaultDiskMb
  const user = message.user ?? template?.user ?? null
  const { problems } = message
  if (disk > options.maximumDiskMb) problems.add(`Cannot request disk_in_mb greater than ${options.maximumDiskMb}`)
  const command = message.command ?? templateCommand
  if (command === undefined) problems.add('Command No command or template provided')
  const allowed = options.allowedUsers.map((name) => name.toLowerCase())
  if (user !== null && !allowed.includes(user.toLowerCase()))
    problems.add(
      `user invalid (requested user '${user}' not allowed, permitted users are: ${options.allowedUsers.map((u) => `'${u}'`).join(', ')})`,
    )
  problems.check()
  return {
    command: command!,
    memory: message.memory ?? template?.memory ?? options.defaultMemoryMb,
    disk,
    logRate: message.logRate ?? template?.logRate ?? options.defaultLogRate,
    user,
  }
}
