import { type Handler, ok } from '../operation-call.ts'
import { presentNode } from '../present-administration.ts'

export const listNodes: Handler<'listNodes'> = async ({ engine, tenant }) =>
  ok({ items: (await engine.nodes(tenant)).map(presentNode) })
