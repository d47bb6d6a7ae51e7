/**
 * Requests → operations. Replies are plain `application/json`: the JavaScript client takes anything else for a text
 * (reference §1.4), so bodies are sent as bytes, to which the framework adds no charset. Bodies are read as JSON whatever
 * their content type says.
 */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EngineError } from '../../core/engine-error.ts'
import { acceptRawBodies, acceptStreamedBodies } from '../kit/body.ts'
import type { FaceContext } from '../kit/face.ts'
import { sendJsonLines } from '../kit/json-lines.ts'
import { needUser } from './access.ts'
import { type Found, presentFound } from './activity/find-activity.ts'
import type { Authenticator } from './auth.ts'
import type { Call } from './call.ts'
import { deploy, redeploy } from './deployment/deploy.ts'
import { readDeployOptions } from './deployment/deploy-options.ts'
import { forgetUploads } from './deployment/forget-uploads.ts'
import { resumeDeployments } from './deployment/resume-deployments.ts'
import { asUpsunError, badRequest, OAuthError, UpsunError } from './errors.ts'
import { mountGit } from './git/git-routes.ts'
import { getActivityLog } from './operations/activity-log.ts'
import type { Operation, Params } from './operations/operation.ts'
import { OPERATIONS } from './operations/table.ts'
import { exchangeToken, revokeToken } from './operations/tokens.ts'
import { accepted } from './wire/accepted.ts'

const ENVIRONMENT = '/projects/:project/environments/:environment'

/** What serves every call. */
export type Parts = Pick<Call, 'context' | 'tokens' | 'builds' | 'options'> & { readonly authenticator: Authenticator }

export class Routes {
  readonly #parts: Parts
  readonly #context: FaceContext
  readonly #authenticator: Authenticator

  constructor(parts: Parts) {
    this.#parts = parts
    this.#context = parts.context
    this.#authenticator = parts.authenticator
  }

  mount(app: FastifyInstance): void {
    app.removeAllContentTypeParsers()
    acceptRawBodies(app, '*')
    // A tree is not held in memory.
    acceptStreamedBodies(app, ['application/gzip', 'application/x-tar'])
    app.setErrorHandler((error, request, reply) => this.#fail(request, reply, error))
    app.setNotFoundHandler((request, reply) =>
      this.#fail(request, reply, new UpsunError(404, `this API has no ${request.method} ${request.url.split('?')[0]}`)),
    )
    app.post('/oauth2/token', (request, reply) => this.#oauth(request, reply, exchangeToken))
    app.post('/oauth2/revoke', (request, reply) => this.#oauth(request, reply, revokeToken))
    for (const operation of OPERATIONS) this.#route(app, operation)
    for (const base of ['/projects/:project', ENVIRONMENT])
      app.get(`${base}/activities/:activity/log`, (request, reply) => this.#log(request, reply))
    app.post(`${ENVIRONMENT}/deploy`, { bodyLimit: 2 ** 31 }, (request, reply) => this.#deploy(request, reply))
    app.post(`${ENVIRONMENT}/redeploy`, (request, reply) => this.#redeploy(request, reply))
    mountGit(app, (request) => this.#call(request))
    app.addHook('onReady', () => this.#begin())
    app.addHook('onClose', () => this.#parts.tokens.close())
  }

  /** What a former server left is taken up; only what it was taking in must be gone before anything else comes. */
  async #begin(): Promise<void> {
    const failed = (err: unknown): void =>
      this.#context.log.error({ err }, 'what a former server left was not taken up')
    await forgetUploads(this.#context).catch(failed)
    void resumeDeployments(this.#parts).catch(failed)
    void this.#parts.tokens.reopen().catch(failed)
  }

  #route(app: FastifyInstance, operation: Operation): void {
    app.route({
      method: operation.method,
      url: operation.path,
      handler: async (request, reply) => {
        const call = await this.#call(request)
        const result = await operation.answer(call, request.params as Params)
        return send(reply, operation.status ?? 200, result)
      },
    })
  }

  async #call(request: FastifyRequest): Promise<Call> {
    const caller = await this.#authenticator.authenticate(request)
    const at = request.url.indexOf('?')
    return {
      ...caller,
      engine: this.#context.engine,
      ...this.#parts,
      query: new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1)),
      headers: request.headers,
      body: request.body instanceof Buffer ? request.body : Buffer.alloc(0),
    }
  }

  async #oauth(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: (authenticator: Authenticator, body: Buffer) => Promise<object>,
  ): Promise<FastifyReply> {
    try {
      const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
      return send(reply, 200, await answer(this.#authenticator, body))
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      this.#context.log.info({ error: error.error }, 'a token was refused')
      return send(reply, error.status, { error: error.error, error_description: error.message })
    }
  }

  async #log(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const items = await getActivityLog(await this.#call(request), request.params as Params)
    await sendJsonLines(request, reply, items, {
      contentType: 'application/x-json-stream',
      heartbeat: 'none',
      onFailure: (err) => this.#context.log.error({ err }, 'the log of an activity broke off'),
    })
    return reply
  }

  async #deploy(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = await this.#call(request)
    needUser(call)
    if (!(request.body instanceof Readable))
      throw badRequest('the body must be the tree: a tar archive, content type application/gzip or application/x-tar')
    const options = readDeployOptions(call.query)
    return this.#deployed(reply, call, await deploy(call, request.params as Params, request.body, options))
  }

  async #redeploy(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = await this.#call(request)
    needUser(call)
    return this.#deployed(reply, call, await redeploy(call, request.params as Params))
  }

  #deployed(reply: FastifyReply, call: Call, found: Found): FastifyReply {
    return send(reply, 202, accepted([presentFound(call, found)]))
  }

  /** The caller's fault is information; ours is an error with its cause. */
  #fail(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
    const known = asUpsunError(thrown)
    const path = request.url.split('?')[0]
    if (!known || (known.code >= 500 && thrown instanceof EngineError))
      this.#context.log.error({ err: thrown, path }, 'an Upsun call failed')
    else this.#context.log.info({ code: known.code, path }, 'an Upsun call was refused')
    const error = known ?? new UpsunError(500, 'the server could not process the request')
    return send(reply, error.code, error.body())
  }
}

const send = (reply: FastifyReply, status: number, body: object): FastifyReply =>
  reply
    .code(status)
    .header('content-type', 'application/json')
    .send(Buffer.from(JSON.stringify(body)))
