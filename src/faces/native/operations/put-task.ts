import { BASE_PATH } from '../contract/contract.ts'
import { created, type Handler, ok } from '../operation-call.ts'
import { refuseOutside } from '../outside-sandbox.ts'
import { parseTaskDefinition } from '../parse.ts'
import { presentTask } from '../present-plan.ts'

export const putTask: Handler<'putTask'> = async ({ engine, tenant, principal, params, body }) => {
  const spec = parseTaskDefinition(body)
  refuseOutside(principal, spec.plan.steps)
  const { task, created: isNew } = await engine.registerTask(tenant, params.name, spec)
  const shown = presentTask(task)
  return isNew ? created(shown, `${BASE_PATH}/tasks/${task.name}?revision=${task.revision}`) : ok(shown)
}
