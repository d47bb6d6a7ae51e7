import { changeNode, rightsOf } from '../change-node.ts'
import type { Handler } from '../operation-call.ts'

export const drainNode: Handler<'drainNode'> = (call) =>
  changeNode(call, call.params.id, (node) => call.engine.setNodeState(call.tenant, node, 'draining', rightsOf(call)))
