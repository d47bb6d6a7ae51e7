/** Steps of this wire → steps of the core. What the schema has checked is not checked again. */
import type { Resources } from '../../core/resources.ts'
import type { RetryPolicy } from '../../core/retry-policy.ts'
import { DEFAULT_BACKOFF } from '../../core/retry-policy.ts'
import type { AwaitSpec, Condition, EnvValue, HealthCheck, RunSpec, StepSpec, StopHow } from '../../core/step-spec.ts'
import { DEFAULT_STOP } from '../../core/step-spec.ts'
import { badField } from './errors.ts'
import { parseMounts, parseNetwork, parsePorts, parseSandbox } from './parse-surroundings.ts'
import { durationMs, sizeBytes } from './units.ts'
import type { Step } from './wire/step.ts'

export type Env = NonNullable<Step['env']>

/** Beyond this, now plus a duration is no time that can be written. */
const LONGEST_MS = 36_500 * 86_400_000

/** A duration that the schema let through, ms. */
export function ms(text: string, field: string, least = 0): number {
  const value = durationMs(text)
  if (value === undefined) throw badField(field, `${text} is no duration`)
  if (value > LONGEST_MS) throw badField(field, 'must be at most 36500d')
  if (value < least) throw badField(field, 'must be longer than nothing')
  return value
}

/** A limit: longer than nothing, where there is one. */
export const optionalMs = (text: string | undefined, field: string): number | undefined =>
  text === undefined ? undefined : ms(text, field, 1)

export function bytes(text: string, field: string): number {
  const value = sizeBytes(text)
  if (value === undefined || value < 1) throw badField(field, `${text} is no possible size`)
  return value
}

/** A part of an object that is left out when there is nothing to say. */
export const part = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })

export function parseStep(step: Step, path: string): StepSpec {
  if ((step.run === undefined) === (step.await === undefined) && step.image === undefined)
    throw badField(`${path}.run`, 'a step has either run (or an image) or await')
  const essential = step.essential ?? true
  return {
    name: step.name,
    group: step.group ?? 0,
    conditions: (step.needs ?? []).map(parseNeed),
    essential,
    endsExecution: step.endsExecution ?? (essential ? 'onFailure' : 'never'),
    resources: parseResources(step, path),
    ...part('timeoutMs', optionalMs(step.timeout, `${path}.timeout`)),
    ...part('retry', step.retry && parseRetry(step.retry, `${path}.retry`)),
    stop: parseStop(step.stop, `${path}.stop`),
    ...part('startTimeoutMs', optionalMs(step.startTimeout, `${path}.startTimeout`)),
    work: step.await ? parseAwait(step, path) : parseRun(step, path),
    ...part('labels', step.labels),
  }
}

const parseNeed = (need: NonNullable<Step['needs']>[number]): Condition =>
  typeof need === 'string' ? { step: need, until: 'succeeded' } : { step: need.step, until: need.until ?? 'succeeded' }

function parseAwait(step: Step, path: string): AwaitSpec {
  const surplus = Object.keys(step).find((key) => !AWAIT_FIELDS.has(key))
  if (surplus) throw badField(`${path}.${surplus}`, 'an await step runs nothing itself')
  const { key, until, task, acceptFinal } = step.await!
  return {
    kind: 'await',
    key,
    until: until ?? 'succeeded',
    ...part('task', typeof task === 'string' ? { name: task } : task),
    ...part('acceptFinal', acceptFinal),
  }
}

const AWAIT_FIELDS = new Set([
  'name',
  'await',
  'group',
  'needs',
  'essential',
  'endsExecution',
  'timeout',
  'retry',
  'labels',
])

export const parseCommand = (run: string | readonly string[]): readonly string[] =>
  typeof run === 'string' ? ['/bin/sh', '-c', run] : run

function parseRun(step: Step, path: string): RunSpec {
  if (step.workdir !== undefined && !step.workdir.startsWith('/'))
    throw badField(`${path}.workdir`, 'must be an absolute path')
  return {
    kind: 'run',
    argv: step.run === undefined ? [] : parseCommand(step.run),
    env: parseEnv(step.env ?? {}),
    ...part('entrypoint', step.entrypoint),
    ...part('image', step.image),
    ...part('pull', step.pull),
    ...part('registrySecret', step.registrySecret),
    ...part('executor', step.executor),
    ...part('workdir', step.workdir),
    ...part('user', step.user),
    ...part('sandbox', step.sandbox && parseSandbox(step.sandbox)),
    ...part('mounts', step.mounts && parseMounts(step.mounts, `${path}.mounts`)),
    ...part('ports', step.ports && parsePorts(step.ports)),
    ...part('network', step.network && parseNetwork(step.network)),
    ...part('ulimits', step.ulimits),
    ...part('health', step.health && parseHealth(step.health, `${path}.health`)),
    ...part('logs', step.logs),
    ...part('appends', step.appends),
    ...part('init', step.init),
    ...part('container', step.container),
  }
}

/** A submission's env is text; a step's may also name secrets and outputs. */
export function parseEnv(env: Env): Readonly<Record<string, EnvValue>> {
  const parsed: Record<string, EnvValue> = {}
  for (const [name, value] of Object.entries(env)) parsed[name] = parseEnvValue(value)
  return parsed
}

function parseEnvValue(value: Env[string]): EnvValue {
  if (typeof value !== 'object') return String(value)
  if ('secret' in value) return value
  const dot = value.output.lastIndexOf('.')
  const output = { step: value.output.slice(0, dot), key: value.output.slice(dot + 1) }
  return value.optional === undefined ? { output } : { output, optional: value.optional }
}

function parseResources(step: Step, path: string): Resources {
  const units = (cores: number | undefined): number | undefined => cores && Math.max(1, Math.round(cores * 1024))
  const size = (key: 'memory' | 'reservedMemory' | 'disk'): number | undefined =>
    step[key] === undefined ? undefined : bytes(step[key], `${path}.${key}`)
  return {
    ...part('cpuUnits', units(step.cpu)),
    ...part('cpuLimitUnits', units(step.cpuLimit)),
    ...part('memoryBytes', size('memory')),
    ...part('reservedMemoryBytes', size('reservedMemory')),
    ...part('pids', step.pids),
    ...part('diskBytes', size('disk')),
  }
}

function parseStop(stop: Step['stop'], path: string): StopHow {
  if (stop === undefined) return DEFAULT_STOP
  return {
    signal: stop.signal ?? DEFAULT_STOP.signal,
    graceMs: stop.grace === undefined ? DEFAULT_STOP.graceMs : ms(stop.grace, `${path}.grace`),
  }
}

export function parseRetry(retry: NonNullable<Step['retry']>, path: string): RetryPolicy {
  const { backoff } = retry
  const wait = (text: string | undefined, key: string): number | undefined =>
    text === undefined ? undefined : ms(text, `${path}.${key}`)
  return {
    on: retry.on ?? 'failure',
    ...part('limit', retry.limit),
    ...part('exitCodes', retry.exitCodes),
    ...part('ignoredExitCodes', retry.ignoredExitCodes),
    ...part('minimumUptimeMs', wait(retry.minimumUptime, 'minimumUptime')),
    ...part('whenLost', retry.whenLost),
    ...part(
      'backoff',
      backoff && {
        initialMs: wait(backoff.initial, 'backoff.initial') ?? DEFAULT_BACKOFF.initialMs,
        factor: backoff.factor ?? DEFAULT_BACKOFF.factor,
        maximumMs: wait(backoff.maximum, 'backoff.maximum') ?? DEFAULT_BACKOFF.maximumMs,
      },
    ),
  }
}

function parseHealth(health: NonNullable<Step['health']>, path: string): HealthCheck {
  const time = (text: string | undefined, key: string, usual: number, least: number): number =>
    text === undefined ? usual : ms(text, `${path}.${key}`, least)
  return {
    argv: parseCommand(health.run),
    intervalMs: time(health.interval, 'interval', 30_000, 1),
    timeoutMs: time(health.timeout, 'timeout', 5_000, 1),
    retries: health.retries ?? 3,
    startPeriodMs: time(health.startPeriod, 'startPeriod', 0, 0),
  }
}
