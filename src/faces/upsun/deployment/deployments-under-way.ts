/**
 * Deployments of one environment happen one at a time, in the order in which they were asked for (reference §3.2): each
 * awaits those that are under way when it is accepted. One that changes a part only (a variable, or nothing at all) is
 * made on top of the newest of them, as if it had been asked for after it, and needs it to succeed.
 *
 * U1. Whoever reads what is under way and goes by it has the environment's turn.
 */
import type { Tenant } from '../../../core/identity.ts'
import type { StepSpec } from '../../../core/step-spec.ts'
import { oneAfterTheOther } from '../../kit/one-after-the-other.ts'
import { recordOf } from '../activity/activity-record.ts'
import { DEPLOY_TYPES } from '../activity/activity-type.ts'
import type { Found } from '../activity/find-activity.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type Deployment } from '../documents.ts'
import { GRACE_MS } from '../task/plan-of-run.ts'

export interface Where {
  readonly project: string
  readonly environment: string
}

/** What one deployment does in reading and accepting, no other of the environment does meanwhile. */
export const inTurn = <Result>(
  call: { readonly tenant: Tenant },
  { project, environment }: Where,
  work: () => Promise<Result>,
): Promise<Result> => oneAfterTheOther(`upsun/${call.tenant}/${project}/${environment}`, work)

/** More than these wait by way of those that they wait for. */
const MOST_AWAITED = 100

/** Newest first. */
export async function deploymentsUnderWay(call: Call, { project, environment }: Where): Promise<readonly Found[]> {
  const refs = { 'upsun.environment': `${project}/${environment}`, 'upsun.type': DEPLOY_TYPES }
  const { items } = await call.engine.executions(call.tenant, { active: true, refs }, { limit: MOST_AWAITED })
  return items.flatMap((execution) => {
    const record = recordOf(execution)
    return record?.deployment === undefined ? [] : [{ execution, record }]
  })
}

/** What the newest of them will have deployed; undefined when there is none. */
export async function comingDeployment(call: Call, underWay: readonly Found[]): Promise<Deployment | undefined> {
  const id = underWay[0]?.record.deployment
  if (id === undefined) return undefined
  return (await call.engine.document<Deployment>(call.tenant, COLLECTIONS.deployment, id))?.body
}

const KEY = 'upsun/deployment/'

/** By which one deployment awaits another. */
export const deploymentKey = (activity: string): string => `${KEY}${activity}`

/** The deployment that a step awaits; undefined when it does something else. */
export const awaitedActivity = ({ work }: StepSpec): string | undefined =>
  work.kind === 'await' && work.key.startsWith(KEY) ? work.key.slice(KEY.length) : undefined

/** Oldest first. `needed`: the activity that must succeed; of the others it is enough that they have ended. */
export const awaitingSteps = (underWay: readonly Found[], needed: string | undefined): readonly StepSpec[] =>
  underWay.toReversed().map(({ record: { activity } }): StepSpec => {
    const isNeeded = activity === needed
    return {
      // No task's name has a dot.
      name: `after.${activity}`,
      group: 0,
      conditions: [],
      essential: isNeeded,
      endsExecution: isNeeded ? 'onFailure' : 'never',
      resources: {},
      stop: { signal: 'SIGTERM', graceMs: GRACE_MS },
      work: {
        kind: 'await',
        key: deploymentKey(activity),
        until: isNeeded ? 'succeeded' : 'completed',
        acceptFinal: true,
      },
    }
  })
