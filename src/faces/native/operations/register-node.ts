import { BASE_PATH } from '../contract/contract.ts'
import { created, type Handler } from '../operation-call.ts'
import { bytes, part } from '../parse-step.ts'
import { presentNode } from '../present-administration.ts'

export const registerNode: Handler<'registerNode'> = async ({ engine, tenant, body }) => {
  const node = await engine.registerNode(tenant, {
    name: body.name,
    attributes: body.attributes ?? {},
    capacity: {
      ...part('cpuUnits', body.cpu === undefined ? undefined : Math.round(body.cpu * 1024)),
      ...part('memoryBytes', body.memory === undefined ? undefined : bytes(body.memory, 'memory')),
      ...part('slots', body.slots),
    },
  })
  return created(presentNode(await engine.node(tenant, node.id)), `${BASE_PATH}/nodes/${node.id}`)
}
