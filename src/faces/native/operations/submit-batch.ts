import { idempotencyOf } from '../../kit/idempotency.ts'
import { type Handler, ok } from '../operation-call.ts'
import { permitted } from '../outside-sandbox.ts'
import { parseSubmission } from '../parse.ts'
import { presentExecution } from '../present.ts'

export const submitBatch: Handler<'submitBatch'> = async (call) => {
  const { engine, principal, headers, body } = call
  const parsed = body.map((submission, i) => parseSubmission(submission, `[${i}].`))
  const requests = await Promise.all(parsed.map((request) => permitted(call, request)))
  const results = await engine.submit(principal, requests, idempotencyOf(headers['idempotency-key'], body))
  return ok({
    results: results.map((result) =>
      result.kind === 'accepted'
        ? { execution: presentExecution(result.execution) }
        : { refused: { reason: result.reason, shortfalls: result.shortfalls } },
    ),
  })
}
