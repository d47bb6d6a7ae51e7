import { changeNode, rightsOf } from '../change-node.ts'
import type { Handler } from '../operation-call.ts'

export const setNodeAttributes: Handler<'setNodeAttributes'> = (call) =>
  changeNode(call, call.params.id, (node) =>
    call.engine.setNodeAttributes(call.tenant, node, call.body.set ?? {}, call.body.remove ?? [], rightsOf(call)),
  )
