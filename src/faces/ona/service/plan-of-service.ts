/** A service as an execution of its own: found by its key, started by whoever needs it first. */
import type { Plan } from '../../../core/plan.ts'
import type { EnvValue, StepSpec } from '../../../core/step-spec.ts'
import type { EnvironmentRecord, ServiceRecord } from '../documents.ts'
import { runIn, valuesOf } from '../environment/workspace.ts'
import type { OnaOptions } from '../options.ts'

/** Also the name of the task that the engine knows it by. */
export const serviceKey = (id: string): string => `ona/service/${id}`

export const refsOfService = (service: ServiceRecord): Readonly<Record<string, string>> => ({
  kind: 'service',
  environment: service.environment,
  service: service.id,
})

/** A stop command may take two minutes, a signal has ten seconds (ona.md 4). */
const STOP_COMMAND_MS = 120_000
const SIGNAL_GRACE_MS = 10_000
const POLL_MS = 1_000
/** Longer than any readiness check should take, ms. */
const CHECK_LIMIT_MS = 30_000
/** Not being ready yet is no illness: only the first success counts. */
const NEVER_UNHEALTHY = 1_000_000_000

const START_STEP = 'start'
const READY_STEP = 'ready'

export function planOfService(
  service: ServiceRecord,
  environment: EnvironmentRecord,
  env: Readonly<Record<string, EnvValue>>,
  options: OnaOptions,
): Plan {
  const start = startStep(service, environment, env, options)
  const limited = service.readinessTimeoutMs !== undefined && service.commands.ready !== ''
  return { steps: limited ? [start, readyStep(environment, options)] : [start] }
}

function startStep(
  service: ServiceRecord,
  environment: EnvironmentRecord,
  secrets: Readonly<Record<string, EnvValue>>,
  options: OnaOptions,
): StepSpec {
  const { start, ready, stop } = service.commands
  const env = { ...secrets, ...valuesOf(service.env), GITPOD_SERVICE_ID: service.id }
  const program = { start, stop }
  return {
    name: START_STEP,
    group: 0,
    conditions: [],
    essential: true,
    endsExecution: 'onExit',
    resources: {},
    stop: { signal: 'SIGTERM', graceMs: stop === '' ? SIGNAL_GRACE_MS : STOP_COMMAND_MS },
    ...(service.readinessTimeoutMs !== undefined && { startTimeoutMs: service.readinessTimeoutMs }),
    work: runIn(options, environment, {
      program,
      env,
      runsOn: service.runsOn,
      ...(ready !== '' && { ready: checkOf(ready) }),
    }),
  }
}

const checkOf = (command: string) => ({
  command,
  intervalMs: POLL_MS,
  timeoutMs: CHECK_LIMIT_MS,
  retries: NEVER_UNHEALTHY,
  startPeriodMs: 0,
})

/** Fails the whole when the service is not ready in time. */
const readyStep = (environment: EnvironmentRecord, options: OnaOptions): StepSpec => ({
  name: READY_STEP,
  group: 0,
  conditions: [{ step: START_STEP, until: 'healthy' }],
  essential: true,
  endsExecution: 'onFailure',
  resources: {},
  stop: { signal: 'SIGTERM', graceMs: SIGNAL_GRACE_MS },
  work: runIn(options, environment, { program: { argv: ['true'] }, env: {}, runsOn: { kind: 'machine' } }),
})
