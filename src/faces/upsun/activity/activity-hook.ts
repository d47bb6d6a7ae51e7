import type { WebhookFormat } from '../../../engine/webhook-format.ts'
import { recordOf } from './activity-record.ts'
import { activityStateOf } from './life-cycle.ts'
import { presentActivity } from './present-activity.ts'

/**
 * What the vendor's webhook integration posts: the activity itself, each time that its state is another. Only runs and
 * deployments; of what is done in one commit no event tells.
 */
export const activityHook: WebhookFormat = ({ transition, at }, execution) => {
  if (transition.kind !== 'execution.state' || !execution) return undefined
  const record = recordOf(execution)
  const { from, to } = transition
  if (!record || (from !== undefined && activityStateOf(from) === activityStateOf(to))) return undefined
  const activity = presentActivity(execution, record, { now: at, waiting: undefined })
  return { contentType: 'application/json', body: JSON.stringify(activity) }
}
