import type { NodeId } from '../../core/identity.ts'
import { asNodeId } from '../../core/identity.ts'
import type { NodeRights } from '../../engine/engine.ts'
import { forbidden, isOperator } from './auth.ts'
import type { Operation } from './contract/operation.ts'
import type { Answered, Call } from './operation-call.ts'
import { ok } from './operation-call.ts'
import { presentNode } from './present-administration.ts'

export const rightsOf = ({ principal }: Pick<Call<Operation>, 'principal'>): NodeRights => ({
  operator: isOperator(principal),
})

/** Changes a node of one's own; the machine that all tenants share is the operator's. */
export async function changeNode(
  { engine, tenant, principal }: Call<Operation>,
  id: string,
  change: (node: NodeId) => Promise<unknown>,
): Promise<Answered> {
  const { node } = await engine.node(tenant, asNodeId(id))
  if (node.tenant === undefined && !isOperator(principal))
    throw forbidden(`node ${node.name} is shared by all tenants: only the operator may change it`)
  await change(node.id)
  return ok(presentNode(await engine.node(tenant, node.id)))
}
