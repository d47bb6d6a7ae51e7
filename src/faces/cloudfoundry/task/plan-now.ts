import type { Plan } from '../../../core/plan.ts'
import { boundServices } from '../app/bound-services.ts'
import { environmentGroup } from '../app/environment-group.ts'
import { orgOf, type PlacedApp } from '../app/find-app.ts'
import type { Droplet } from '../documents.ts'
import type { Call } from '../operation.ts'
import { treesOf } from '../staging/start-staging.ts'
import { planOfTask } from './plan-of-task.ts'
import { taskEnvironment } from './task-environment.ts'
import type { TaskWish } from './task-record.ts'

/** A task in this droplet, with the variables and services that its app has now. */
export async function planNow(call: Call, { app, space }: PlacedApp, wish: TaskWish, droplet: Droplet): Promise<Plan> {
  const around = {
    app,
    space,
    org: await orgOf(call, space.org),
    services: await boundServices(call, app.guid),
    group: await environmentGroup(call, 'running'),
    api: call.base,
  }
  const environment = taskEnvironment(around, wish, wish.env ?? {})
  return planOfTask(wish, droplet, environment, treesOf(call.context, call.caller.tenant), call.options.sandboxed())
}
