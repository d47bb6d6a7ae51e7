import { asNodeId } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { presentNode } from '../present-administration.ts'

export const getNode: Handler<'getNode'> = async ({ engine, tenant, params }) =>
  ok(presentNode(await engine.node(tenant, asNodeId(params.id))))
