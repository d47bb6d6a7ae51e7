import type { Transition } from '../../../core/event.ts'
import { type Execution, stepsOf } from '../../../core/execution.ts'
import type { WebhookFormat } from '../../../engine/webhook-format.ts'
import { recordOf } from './activity-record.ts'
import { type ActivityState, activityStateOf, isBuild, isDeployment, stateOf } from './life-cycle.ts'
import { presentActivity } from './present-activity.ts'

/**
 * What the vendor's webhook integration posts: the activity itself, once for each of its states that it stays in for long
 * enough to be seen. Only runs and deployments; of what is done in one commit no event tells.
 */
export const activityHook: WebhookFormat = ({ transition, at }, execution) => {
  const record = execution && recordOf(execution)
  if (!record || newState(transition, execution) !== stateOf(execution)) return undefined
  const activity = presentActivity(execution, record, { now: at, waiting: undefined })
  return { contentType: 'application/json', body: JSON.stringify(activity) }
}

/** The state that this made of another one. */
function newState(transition: Transition, e: Execution): ActivityState | undefined {
  if (transition.kind === 'execution.state') {
    const { from, to } = transition
    const state = activityStateOf(to)
    return from !== undefined && activityStateOf(from) === state ? undefined : state
  }
  const isBegun = transition.kind === 'step.state' && transition.from === 'waiting' && transition.to === 'starting'
  return isBegun && isDeployment(e) && transition.ordinal === stepsOf(e).findIndex(isBuild) ? 'in_progress' : undefined
}
