/** Requests → operations → replies; every refusal, the framework's included, in the voice of Cloud Controller. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptRawBodies, acceptStreamedBodies } from '../kit/body.ts'
import type { FaceContext } from '../kit/face.ts'
import { Access } from './access/access.ts'
import { Authenticator, type Caller } from './auth.ts'
import { asCloudFoundryError, bodyOfError, unknownError, unknownRequest, v2BodyOfError } from './errors.ts'
import type { Answer, Call, Operation } from './operation.ts'
import { BLOB_OPERATIONS } from './operations/blobs.ts'
import { OPEN_OPERATIONS } from './operations/root.ts'
import { OPEN_V2_OPERATIONS } from './operations/services-v2.ts'
import { OPERATIONS } from './operations/table.ts'
import type { CloudFoundryOptions } from './options.ts'
import { Records } from './records.ts'
import { UaaRoutes } from './uaa/uaa-routes.ts'
import { objectOf, parseJson } from './wire/message.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const BODY_LIMIT = 4 * 1024 * 1024

export class Routes {
  readonly #context: FaceContext
  readonly #options: CloudFoundryOptions
  readonly #authenticator: Authenticator

  constructor(context: FaceContext, options: CloudFoundryOptions) {
    this.#context = context
    this.#options = options
    this.#authenticator = new Authenticator(context)
  }

  mount(app: FastifyInstance): void {
    app.removeAllContentTypeParsers()
    // Uploads read the connection themselves; the CLI says application/json even where there is no body.
    acceptStreamedBodies(app, 'multipart/form-data')
    acceptRawBodies(app, '*', BODY_LIMIT)
    app.addHook('onSend', (request, reply, payload, done) => {
      const given = request.headers['x-vcap-request-id']
      const own = randomUUID()
      reply.header('x-vcap-request-id', typeof given === 'string' ? `${given}::${own}` : own)
      done(null, payload)
    })
    app.setErrorHandler((error, _request, reply) => this.#fail(reply, error))
    app.setNotFoundHandler((request, reply) => this.#notFound(request, reply))
    new UaaRoutes(this.#context, this.#authenticator).mount(app)
    for (const operation of [...OPEN_OPERATIONS, ...OPEN_V2_OPERATIONS, ...BLOB_OPERATIONS])
      this.#route(app, operation, true)
    for (const operation of OPERATIONS) this.#route(app, operation, false)
  }

  #route(app: FastifyInstance, operation: Operation, open: boolean): void {
    app.route({
      method: operation.method,
      url: operation.path,
      bodyLimit: operation.streams ? this.#options.uploadLimit : BODY_LIMIT,
      handler: async (request, reply) => {
        const caller = open ? NOBODY : await this.#authenticator.authenticate(request.headers.authorization)
        const call = this.#call(request, caller)
        if (!open) call.access.checkScope(request.method)
        return send(reply, await operation.answer(call))
      },
    })
  }

  #call(request: FastifyRequest, caller: Caller): Call {
    const url = new URL(request.raw.url ?? '/', 'http://x')
    const records = new Records(this.#context.engine, caller.tenant)
    const params = request.params as Readonly<Record<string, string>>
    return {
      context: this.#context,
      engine: this.#context.engine,
      options: this.#options,
      caller,
      access: new Access(caller, records),
      records,
      base: this.#context.links(request),
      path: url.pathname,
      query: url.searchParams,
      request,
      param: (name) => params[name] ?? '',
      body: () => objectOf(parseJson(request.body instanceof Buffer ? request.body : Buffer.alloc(0))),
    }
  }

  /** A route that does not exist is told only to those who may ask. */
  async #notFound(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    try {
      await this.#authenticator.authenticate(request.headers.authorization)
    } catch (error) {
      return this.#fail(reply, error)
    }
    return this.#fail(reply, unknownRequest())
  }

  /** The caller's fault is information; ours is an error with its cause. */
  #fail(reply: FastifyReply, thrown: unknown): FastifyReply {
    const known = asCloudFoundryError(thrown)
    if (!known) this.#context.log.error({ err: thrown }, 'a Cloud Foundry call failed')
    else this.#context.log.info({ code: known.code, detail: known.message }, 'a Cloud Foundry call was refused')
    const error = known ?? unknownError()
    return reply
      .code(error.status)
      .type(JSON_TYPE)
      .send(JSON.stringify(isV2(reply.request) ? v2BodyOfError(error) : bodyOfError(error)))
  }
}

const isV2 = (request: FastifyRequest): boolean => (request.raw.url ?? '').startsWith('/v2/')

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.headers) reply.headers(answer.headers)
  reply.code(answer.status)
  if (answer.yaml !== undefined) return reply.type('application/x-yaml').send(answer.yaml)
  if (answer.file) return reply.type('application/octet-stream').send(answer.file)
  const json = answer.json ?? (answer.body && JSON.stringify(answer.body))
  return json === undefined ? reply.send() : reply.type(JSON_TYPE).send(json)
}

/** Who asks where nobody has to say so. */
const NOBODY: Caller = {
  principal: { id: '', kind: 'user', tenant: '' as Caller['tenant'], face: 'cloudfoundry', grants: [] },
  tenant: '' as Caller['tenant'],
  id: '',
  name: '',
  isClient: false,
  scopes: [],
}
