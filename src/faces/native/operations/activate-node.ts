import { changeNode, rightsOf } from '../change-node.ts'
import type { Handler } from '../operation-call.ts'

export const activateNode: Handler<'activateNode'> = (call) =>
  changeNode(call, call.params.id, (node) => call.engine.setNodeState(call.tenant, node, 'active', rightsOf(call)))
