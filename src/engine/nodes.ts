/** Nodes as users see and change them. */
import { EngineError, invalid } from '../core/engine-error.ts'
import type { NodeId, Tenant } from '../core/identity.ts'
import { asNodeId } from '../core/identity.ts'
import type { Node } from '../core/node.ts'
import type { Reason } from '../core/reason.ts'
import { reason } from '../core/reason.ts'
import type { Context } from './context.ts'
import type { NodeRegistration, NodeRights, NodeWithUse } from './engine.ts'

export const withUse = (context: Context, tenant: Tenant, node: Node): NodeWithUse => ({
  node,
  use: context.ledger.use(node.id),
  executions: [...context.ledger.executionsOn(node.id)].filter((id) => context.roster.ofTenant(tenant, id)),
})

/** A logical node on this machine for one tenant. What the registration leaves out is as on the shared machine. */
export async function registerNode(context: Context, tenant: Tenant, registration: NodeRegistration): Promise<Node> {
  if (registration.name === '') throw invalid('name', 'a node needs a name')
  const shared = [...context.nodes.all()].find((n) => n.tenant === undefined && n.state !== 'gone')
  if (!shared) throw new EngineError('unavailable', 'this machine is not a node yet')
  const id = asNodeId(context.ids.other())
  const capacity = { ...shared.capacity, ...registration.capacity }
  const { name, attributes } = registration
  const executors = shared.executors
  return await context.nodes
    .save({
      id,
      name,
      tenant,
      executors,
      capacity,
      attributes,
      state: 'active',
      epoch: 0,
      registeredAt: context.now(),
      version: 0,
    })
    .finally(() => context.dispatcher.wake())
}

/** Saves this machine's own node: a new one at the first start, else with what the machine has today. */
export async function registerMachine(
  context: Context,
  registration: NodeRegistration & { readonly capacity: Node['capacity'] },
): Promise<Node> {
  const known = [...context.nodes.all()].find((n) => n.tenant === undefined)
  const fresh = {
    id: asNodeId(context.ids.other()),
    state: 'active',
    epoch: 0,
    registeredAt: context.now(),
    version: 0,
  } as const
  const { name, capacity, attributes } = registration
  return context.nodes.save({
    ...(known ?? fresh),
    name,
    capacity,
    attributes: { ...known?.attributes, ...attributes },
    executors: context.executors.kinds,
  })
}

/** A tenant changes its own nodes; the machine that all tenants share is the operator's. */
function changeable(context: Context, tenant: Tenant, id: NodeId, by: NodeRights | undefined): Node {
  const node = context.nodes.require(tenant, id)
  if (node.tenant !== undefined || by?.operator) return node
  throw new EngineError('forbidden', `node ${node.name} is shared by all tenants: only the operator may change it`, {
    subject: 'node',
    id,
  })
}

export async function setNodeState(
  context: Context,
  tenant: Tenant,
  id: NodeId,
  state: 'active' | 'draining',
  by?: NodeRights,
): Promise<Node> {
  const node = changeable(context, tenant, id, by)
  if (node.state === 'gone') throw new EngineError('conflict', `node ${id} is gone`, { subject: 'node', id })
  const next = node.state === state ? node : await context.nodes.save({ ...node, state })
  context.dispatcher.wake()
  return next
}

export async function setNodeAttributes(
  context: Context,
  tenant: Tenant,
  id: NodeId,
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
  by?: NodeRights,
): Promise<Node> {
  const node = changeable(context, tenant, id, by)
  const attributes = Object.fromEntries(
    Object.entries({ ...node.attributes, ...set }).filter(([name]) => !remove.includes(name)),
  )
  const next = await context.nodes.save({ ...node, attributes })
  context.dispatcher.wake()
  return next
}

/** `conflict` while executions are on it, unless forced: then they are stopped. */
export async function deregisterNode(
  context: Context,
  tenant: Tenant,
  id: NodeId,
  options: { readonly force: boolean; readonly reason?: Reason },
): Promise<Node> {
  const node = context.nodes.require(tenant, id)
  if (node.tenant === undefined)
    throw new EngineError('forbidden', 'the machine itself cannot be deregistered: drain it', { subject: 'node', id })
  const busy = [...context.ledger.executionsOn(id)]
  if (busy.length > 0 && !options.force)
    throw new EngineError('conflict', `${busy.length} executions are on node ${node.name}`, {
      subject: 'node',
      id,
      executions: busy,
    })
  const gone = await context.nodes.save({ ...node, state: 'gone', goneAt: context.now() })
  const why = options.reason ?? reason('node_drained', `node ${node.name} was deregistered`, { node: id })
  await Promise.all(
    busy.map((e) => context.transitions.apply(e, { kind: 'stopRequested', cause: { kind: 'nodeLost', reason: why } })),
  )
  return gone
}
