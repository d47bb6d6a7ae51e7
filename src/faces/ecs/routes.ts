/**
 * Requests → operations. One path, `POST /`: AWS JSON 1.1 names the operation in `X-Amz-Target`, the query protocol of STS
 * in the form's `Action`. Every reply, the refusals of the framework included, is in AWS's voice.
 */
import { createSecretKey, type KeyObject, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptRawBodies } from '../kit/body.ts'
import type { FaceContext } from '../kit/face.ts'
import { Authenticator, type Caller, checkGrant } from './auth.ts'
import { AwsError, asAwsError, clientException, unsupported } from './errors.ts'
import type { Call, Operation } from './operation.ts'
import { whyNot } from './operations/by-design.ts'
import { queryError, queryReply, unknownAction } from './operations/sts/query-reply.ts'
import { STS_OPERATIONS } from './operations/sts/sts-operations.ts'
import { ECS_OPERATIONS, LOGS_OPERATIONS } from './operations/table.ts'
import type { EcsOptions } from './options.ts'
import { SessionTokens } from './session/session-tokens.ts'
import type { SignedRequest } from './signature/signature.ts'
import { readBody } from './wire/read-body.ts'

const CONTENT_TYPE = 'application/x-amz-json-1.1'
/** PutLogEvents takes a megabyte of events; nothing else comes near. */
export const BODY_LIMIT = 4 * 1024 * 1024

const ECS_TARGET = 'AmazonEC2ContainerServiceV20141113'
const LOGS_TARGET = 'Logs_20140328'

export class Routes {
  readonly #context: FaceContext
  readonly #options: EcsOptions
  readonly #authenticator: Authenticator
  readonly #sessions: SessionTokens
  readonly #tokenKey: KeyObject

  /** `tokenKey` makes the metadata endpoint's tokens. */
  constructor(context: FaceContext, options: EcsOptions, tokenKey: KeyObject) {
    this.#context = context
    this.#options = options
    this.#sessions = new SessionTokens(createSecretKey(context.deriveKey('ecs/session')))
    this.#authenticator = new Authenticator(context, options, this.#sessions)
    this.#tokenKey = tokenKey
  }

  mount(app: FastifyInstance): void {
    app.removeAllContentTypeParsers()
    acceptRawBodies(app, '*', BODY_LIMIT)
    app.setErrorHandler((error, _request, reply) => this.#fail(reply, error))
    app.setNotFoundHandler((_request, reply) => this.#fail(reply, unknownOperation()))
    app.post('/', { bodyLimit: BODY_LIMIT }, (request, reply) => this.#answer(request, reply))
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const target = request.headers['x-amz-target']
    const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
    if (typeof target !== 'string') return this.#query(request, body, reply)
    try {
      const { service, name, operation } = operationOf(target)
      const caller = await this.#authenticator.authenticate(signedRequest(request, body), service)
      checkGrant(caller, service, name)
      if (!operation) throw unsupported(whyNot(name) ?? '')
      const result = await operation.answer(this.#call(caller), readBody(body))
      return send(reply, 200, JSON.stringify(result))
    } catch (error) {
      return this.#fail(reply, error, target)
    }
  }

  async #query(request: FastifyRequest, body: Buffer, reply: FastifyReply): Promise<FastifyReply> {
    const requestId = randomUUID()
    const xml = (status: number, text: string): FastifyReply =>
      reply.code(status).header('x-amzn-RequestId', requestId).type('text/xml').send(text)
    const parameters = new URLSearchParams(body.toString())
    const action = parameters.get('Action') ?? ''
    const operation = STS_OPERATIONS.get(action)
    if (!operation && action === '') return this.#fail(reply, unknownOperation())
    if (!operation) return xml(400, unknownAction(action, scopedService(request), requestId))
    try {
      const caller = await this.#authenticator.authenticate(signedRequest(request, body), 'sts')
      const call = { caller, sessions: this.#sessions, now: this.#context.engine.now(), parameters }
      return xml(200, queryReply(action, operation(call), requestId))
    } catch (error) {
      const known = asAwsError(error)
      if (!known) return this.#fail(reply, error, `sts:${action}`)
      const status = known.type === 'ValidationError' ? 400 : 403
      return xml(status, queryError(known.type, known.message, requestId))
    }
  }

  #call(caller: Caller): Call {
    return {
      engine: this.#context.engine,
      tenant: caller.principal.tenant,
      home: caller.home,
      principal: caller.principal,
      options: this.#options,
      publicUrl: this.#context.publicUrl(),
      tokenKey: this.#tokenKey,
    }
  }

  /** The caller's fault is information; ours is an error with its cause. */
  #fail(reply: FastifyReply, thrown: unknown, target = ''): FastifyReply {
    const known = asAwsError(thrown) ?? frameworkError(thrown)
    if (!known || known.status >= 500) this.#context.log.error({ err: thrown, target }, 'an AWS call failed')
    else this.#context.log.info({ type: known.type, message: known.message, target }, 'an AWS call was refused')
    const error = known ?? new AwsError('ServerException', 'The server could not process the request.', 500)
    return send(reply, error.status, JSON.stringify({ __type: error.type, message: error.message, ...error.members }))
  }
}

interface Found {
  readonly service: 'ecs' | 'logs'
  readonly name: string
  /** Absent when it is known but not supported. */
  readonly operation: Operation | undefined
}

/** Throws UnknownOperationException. */
function operationOf(target: string): Found {
  const dot = target.indexOf('.')
  const [prefix, name] = [target.slice(0, dot), target.slice(dot + 1)]
  const found = prefix === ECS_TARGET ? ecsOperation(name) : prefix === LOGS_TARGET ? logsOperation(name) : undefined
  if (!found) throw unknownOperation()
  return found
}

function ecsOperation(name: string): Found | undefined {
  const operation = ECS_OPERATIONS.get(name)
  return operation || whyNot(name) ? { service: 'ecs', name, operation } : undefined
}

function logsOperation(name: string): Found | undefined {
  const operation = LOGS_OPERATIONS.get(name)
  return operation && { service: 'logs', name, operation }
}

const unknownOperation = (): AwsError => new AwsError('UnknownOperationException', '')

function signedRequest(request: FastifyRequest, body: Buffer): SignedRequest {
  const url = request.raw.url ?? '/'
  const at = url.indexOf('?')
  return {
    method: request.method,
    path: at === -1 ? url : url.slice(0, at),
    query: at === -1 ? '' : url.slice(at + 1),
    headers: request.headers,
    body,
  }
}

/** Of the signature's scope; empty where there is none. */
const scopedService = (request: FastifyRequest): string =>
  /\/([\w-]+)\/aws4_request/.exec(request.headers.authorization ?? '')?.[1] ?? ''

/** With a serializer of our own, so that the framework adds no charset to AWS's type. */
const send = (reply: FastifyReply, status: number, body: string): FastifyReply =>
  reply
    .code(status)
    .header('x-amzn-RequestId', randomUUID())
    .header('content-type', CONTENT_TYPE)
    .serializer(asItIs)
    .send(body)

const asItIs = (body: unknown): string => String(body)

/** What the HTTP framework itself refuses: too large, too often, malformed. */
function frameworkError(thrown: unknown): AwsError | undefined {
  const status = (thrown as { readonly statusCode?: unknown }).statusCode
  if (status === 413) return clientException(`The request is too large: ${BODY_LIMIT} bytes are possible.`)
  if (status === 429) return new AwsError('ThrottlingException', 'Rate exceeded')
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new AwsError('SerializationException', thrown instanceof Error ? thrown.message : 'Malformed request')
  return undefined
}
