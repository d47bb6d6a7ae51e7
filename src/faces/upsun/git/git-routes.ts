/**
 * `git push` to a project: smart HTTP (gitprotocol-http), receiving only. The password is an API token or access token,
 * whatever the user's name; a token as the name alone will do as well.
 */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptStreamedBodies } from '../../kit/body.ts'
import { sendLive } from '../../kit/live-answer.ts'
import { needUser } from '../access.ts'
import type { Call } from '../call.ts'
import { UPLOADS } from '../deployment/forget-uploads.ts'
import { UpsunError, unauthorized } from '../errors.ts'
import { advertiseRefs } from './advertise-refs.ts'
import { answerPush } from './deploy-push.ts'
import { PktReader } from './pkt-line.ts'
import { readPush } from './read-push.ts'

const BASE = '/projects/:project.git'
const REQUEST_TYPE = 'application/x-git-receive-pack-request'
/** Of the pack as it is sent. */
const LARGEST_PACK_BYTES = 2 ** 31
/** A line of the second band that says nothing: the client shows nothing either. */
const SILENT = Buffer.from('0005\u0002', 'latin1')

type Authenticated = (request: FastifyRequest) => Promise<Call>

export function mountGit(app: FastifyInstance, callOf: Authenticated): void {
  acceptStreamedBodies(app, REQUEST_TYPE)
  app.get(`${BASE}/info/refs`, (request, reply) => infoRefs(request, reply, callOf))
  app.post(`${BASE}/git-receive-pack`, { bodyLimit: LARGEST_PACK_BYTES }, (request, reply) =>
    receivePack(request, reply, callOf),
  )
}

const projectOf = (request: FastifyRequest): string => (request.params as { readonly project: string }).project

/**
 * The credential of a push as the bearer token that everything else is asked with. One is always asked for: git sends
 * what it was given only after a 401.
 */
async function authenticated(request: FastifyRequest, reply: FastifyReply, callOf: Authenticated): Promise<Call> {
  void reply.header('www-authenticate', 'Basic realm="Upsun API token"')
  const { authorization } = request.headers
  if (authorization === undefined) throw unauthorized('no API token was sent')
  const basic = /^Basic +(\S+) *$/i.exec(authorization)?.[1]
  if (basic !== undefined) request.headers.authorization = `Bearer ${tokenOf(basic)}`
  const call = await callOf(request)
  needUser(call)
  void reply.removeHeader('www-authenticate')
  return call
}

function tokenOf(basic: string): string {
  const [name = '', ...password] = Buffer.from(basic, 'base64').toString('utf8').split(':')
  return password.join(':') || name
}

async function infoRefs(request: FastifyRequest, reply: FastifyReply, callOf: Authenticated): Promise<FastifyReply> {
  const call = await authenticated(request, reply, callOf)
  if (call.query.get('service') !== 'git-receive-pack')
    throw new UpsunError(403, 'this server takes pushes and gives nothing back: fetching and cloning are not offered')
  const refs = await advertiseRefs(call, projectOf(request))
  void reply.header('cache-control', 'no-cache').type('application/x-git-receive-pack-advertisement')
  return reply.send(refs)
}

async function receivePack(request: FastifyRequest, reply: FastifyReply, callOf: Authenticated): Promise<unknown> {
  const call = await authenticated(request, reply, callOf)
  if (!(request.body instanceof Readable)) throw new UpsunError(415, `the body must be ${REQUEST_TYPE}`)
  const isCompressed = request.headers['content-encoding'] === 'gzip'
  const reader = new PktReader(isCompressed ? request.body.pipe(createGunzip()) : request.body)
  const push = await readPush(reader)
  const contentType = 'application/x-git-receive-pack-result'
  // A client asks with an empty push first whether it may send a large one.
  if (push.updates.length === 0) return reply.type(contentType).send(Buffer.alloc(0))
  const key = `${UPLOADS.pack}${call.engine.newExecutionId()}`
  const { objects } = call.context
  await objects.put(call.tenant, key, Readable.from(reader.rest()), { limitBytes: LARGEST_PACK_BYTES })
  const answer = {
    contentType,
    frame: (bytes: Buffer) => bytes,
    opening: '',
    heartbeat: push.hasBands ? SILENT.toString('latin1') : '',
  }
  const log = (err: unknown): void => call.context.log.error({ err }, 'a push failed')
  try {
    await sendLive(request, reply, answer, (signal) => answerPush(call, projectOf(request), push, key, signal), log)
  } finally {
    await objects.remove(call.tenant, key)
  }
  return reply
}
