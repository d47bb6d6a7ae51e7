import { isUtf8 } from 'node:buffer'
import { stepsOf } from '../../../core/execution.ts'
import { asExecutionId } from '../../../core/identity.ts'
import type { ExecRequest, ExecSession } from '../../../core/ports/executor.ts'
import type { SentEvent } from '../../kit/sse.ts'
import { sendEvents } from '../../kit/sse.ts'
import { isOperator } from '../auth.ts'
import type { Contract } from '../contract/contract.ts'
import type { BodyOf } from '../contract/operation.ts'
import type { Handler } from '../operation-call.ts'
import { refuseOutside } from '../outside-sandbox.ts'
import { optionalMs, parseCommand, part } from '../parse-step.ts'
import { presentExit } from '../present.ts'

export const execInStep: Handler<'execInStep'> = async (call) => {
  const { engine, tenant, principal, params, body, request, reply, parts } = call
  const id = asExecutionId(params.id)
  if (!isOperator(principal)) {
    const steps = stepsOf(await engine.execution(tenant, id))
    refuseOutside(
      principal,
      steps.filter(({ name }) => name === params.step),
    )
  }
  const session = await engine.exec(tenant, id, params.step, requestOf(body))
  const onFailure = (error: unknown) => parts.context.log.error({ err: error }, 'an exec stream failed')
  await sendEvents(request, reply, (signal) => streamOf(session, signal), onFailure)
  return undefined
}

const requestOf = (body: BodyOf<Contract['execInStep']>): ExecRequest => ({
  argv: parseCommand(body.run),
  ...part('env', body.env),
  ...part('workdir', body.workdir),
  ...part('user', body.user),
  ...part('stdin', body.stdin === undefined ? undefined : once(Buffer.from(body.stdin, 'utf8'))),
  ...part('timeoutMs', optionalMs(body.timeout, 'timeout')),
})

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** Whoever leaves ends the command too. */
async function* streamOf(session: ExecSession, signal: AbortSignal): AsyncIterable<SentEvent> {
  const kill = () => session.kill()
  signal.addEventListener('abort', kill, { once: true })
  for await (const { stream, bytes } of session.output) {
    const buffer = Buffer.from(bytes)
    const content = isUtf8(buffer) ? { text: buffer.toString('utf8') } : { base64: buffer.toString('base64') }
    yield { event: 'output', data: { stream, ...content } }
  }
  yield { event: 'exit', data: presentExit(await session.exit) }
  signal.removeEventListener('abort', kill)
}
