/** What a token may reach. A user everything in the tenant; a task what its `authorizations` list, in its environment. */
import type { Call } from './call.ts'
import { forbidden } from './errors.ts'

/** Throws 403 for a token that was minted inside a task. */
export function needUser(call: Call): void {
  if (call.scope) throw forbidden('this token belongs to a task and may not do that')
}

/** Reading the project itself: also from inside a task of it. */
export function needProject(call: Call, project: string): void {
  if (call.scope && call.scope.project !== project) throw forbidden('this token belongs to another project')
}

/** Throws 403 unless the token may see this environment. */
export function needView(call: Call, project: string, environment: string): void {
  const { scope } = call
  if (!scope) return
  needEnvironment(call, project, environment)
  if (!scope.authorizations.some((a) => a.type === 'env' && a.action === 'view'))
    throw forbidden('the task has no authorization {type: env, action: view}')
}

/** Throws 403 unless the token may do this with the task. Whoever may operate a task may look at it. */
export function needTask(
  call: Call,
  project: string,
  environment: string,
  task: string,
  action: 'view' | 'operate',
): void {
  const { scope } = call
  if (!scope) return
  needEnvironment(call, project, environment)
  const isNamed = scope.authorizations.some(
    (a) => a.type === 'task' && a.resource === task && (a.action === action || a.action === 'operate'),
  )
  const isSeen = action === 'view' && scope.authorizations.some((a) => a.type === 'env' && a.action === 'view')
  if (!isNamed && !isSeen)
    throw forbidden(`the task has no authorization {type: task, action: ${action}, resource: ${task}}`)
}

function needEnvironment(call: Call, project: string, environment: string): void {
  if (call.scope?.project !== project || call.scope.environment !== environment)
    throw forbidden('this token belongs to a task of another environment')
}
