import { asNodeId } from '../../../core/identity.ts'
import { forbidden } from '../auth.ts'
import { type Handler, ok } from '../operation-call.ts'
import { presentNode } from '../present-administration.ts'

export const deregisterNode: Handler<'deregisterNode'> = async ({ engine, tenant, params, query }) => {
  const before = await engine.node(tenant, asNodeId(params.id))
  if (before.node.tenant === undefined) throw forbidden('the machine itself cannot be deregistered: drain it')
  const node = await engine.deregisterNode(tenant, before.node.id, { force: query.force ?? false })
  return ok(presentNode({ ...before, node }))
}
