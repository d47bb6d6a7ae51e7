import type { FastifyReply } from 'fastify'
import type { Execution } from '../../../core/execution.ts'
import { asExecutionId } from '../../../core/identity.ts'
import type { Answered, Handler } from '../operation-call.ts'
import { presentExecution } from '../present.ts'

type Text = ReturnType<FastifyReply['serialize']>

/** An execution is a value: as long as one is remembered, by the roster or by the store, so is its answer. */
const texts = new WeakMap<Execution, Text>()

export const getExecution: Handler<'getExecution'> = async ({ engine, tenant, params, reply }) => {
  const execution = await engine.execution(tenant, asExecutionId(params.id))
  const known = texts.get(execution)
  if (known !== undefined) return answer(known)
  // Why one waits, and behind how many others, changes without it.
  const waits = execution.status.state === 'pending'
  const shown = presentExecution(execution, waits ? engine.waiting(tenant, execution.id) : undefined)
  const text = reply.code(200).serialize(shown)
  if (!waits) texts.set(execution, text)
  return answer(text)
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
const answer = (body: Text): Answered => ({ status: 200, body, headers: JSON_TYPE })
