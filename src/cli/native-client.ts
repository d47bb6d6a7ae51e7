import { EXIT_FAILURE, EXIT_USAGE, Failure } from './failure.ts'
import type { Operations, Problem } from './native-api.gen.ts'
import { ROUTES } from './native-api.gen.ts'
import type { ServerSentEvent } from './server-sent-events.ts'
import { serverSentEvents } from './server-sent-events.ts'

export interface Endpoint {
  readonly url: string
  readonly token: string | undefined
}

type OperationId = keyof Operations
type Parts<Id extends OperationId> = Pick<Operations[Id], 'path' | 'query' | 'headers' | 'body'>
/** What an operation is called with; parts that need nothing are left out. */
export type Call<Id extends OperationId> = {
  readonly [Part in keyof Parts<Id> as Record<string, never> extends Parts<Id>[Part]
    ? never
    : undefined extends Parts<Id>[Part]
      ? never
      : Part]: Parts<Id>[Part]
} & { readonly [Part in keyof Parts<Id>]?: Parts<Id>[Part] }

/** The native API, typed by its OpenAPI document. Every refusal is a Failure that says what to do next. */
export interface NativeClient {
  readonly endpoint: Endpoint
  call<Id extends OperationId>(id: Id, call: Call<Id>): Promise<Operations[Id]['answer']>
  /** The operation as server-sent events, until the server ends them or `signal` aborts. */
  stream<Id extends OperationId>(id: Id, call: Call<Id>, signal: AbortSignal): AsyncGenerator<ServerSentEvent>
}

/** The server did not answer, or stopped answering: worth another try. */
export class Unreachable extends Failure {}

/** The only status for what is wrong by itself, whatever the server holds: the same as a wrong flag. */
const BAD_REQUEST = 400

/** The server understood and refused. */
export class Refused extends Failure {
  /** The first field that it refused, as `steps[2].needs[0]`. */
  readonly field: string | undefined
  constructor(problem: Problem, next: string | undefined) {
    super(problem.detail || problem.title, next, problem.status === BAD_REQUEST ? EXIT_USAGE : EXIT_FAILURE)
    this.field = problem.field
  }
}

export function nativeClient(endpoint: Endpoint): NativeClient {
  return {
    endpoint,
    async call(id, call) {
      const response = await request(endpoint, id, call, 'application/json')
      return (response.status === 204 ? undefined : await reading(endpoint, response.json())) as never
    },
    async *stream(id, call, signal) {
      const response = await request(endpoint, id, call, 'text/event-stream', signal)
      if (!response.body) return
      try {
        yield* serverSentEvents(response.body)
      } catch (error) {
        if (!signal.aborted) throw unreachable(endpoint, error)
      }
    },
  }
}

interface AnyCall {
  readonly path?: object | undefined
  readonly query?: object | undefined
  readonly headers?: object | undefined
  readonly body?: unknown
}

async function request(
  endpoint: Endpoint,
  id: OperationId,
  call: AnyCall,
  accept: string,
  signal?: AbortSignal,
): Promise<Response> {
  const [method, template] = ROUTES[id]
  const url = new URL(pathOf(template, call.path) + queryOf(call.query), endpoint.url)
  const headers = {
    accept,
    ...(endpoint.token !== undefined && { authorization: `Bearer ${endpoint.token}` }),
    ...(call.body !== undefined && { 'content-type': 'application/json' }),
    ...call.headers,
  }
  const body = call.body === undefined ? null : JSON.stringify(call.body)
  const response = await reading(endpoint, fetch(url, { method, headers, body, signal: signal ?? null }))
  if (!response.ok) throw await refusal(endpoint, template, response)
  return response
}

const pathOf = (template: string, parameters: object | undefined): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(Reflect.get(parameters ?? {}, name))),
  )

function queryOf(query: object | undefined): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {}) as [string, unknown][])
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) parameters.append(name, String(one))
  return parameters.size === 0 ? '' : `?${parameters}`
}

async function reading<T>(endpoint: Endpoint, promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw unreachable(endpoint, error)
  }
}

const unreachable = (endpoint: Endpoint, cause: unknown): Unreachable =>
  new Unreachable(
    `no Taskport server answers at ${endpoint.url}`,
    'start one with `taskport up`, or name another with --url or TASKPORT_URL',
    undefined,
    cause,
  )

async function refusal(endpoint: Endpoint, template: string, response: Response): Promise<Failure> {
  const problem = await problemOf(response)
  if (!problem)
    return new Failure(
      `${endpoint.url} answered ${response.status}, which is not how a Taskport server says it`,
      'check --url or TASKPORT_URL',
    )
  if (response.status === 503) return new Unreachable(problem.detail, 'try again in a moment')
  return new Refused(problem, nextStep(problem, endpoint, template))
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return undefined
  return (await response.json().catch(() => undefined)) as Problem | undefined
}

/** What shows the things there are, by the collection of the path. */
const LISTED_BY: Readonly<Record<string, string>> = {
  executions: '`taskport ps -a` lists executions, `taskport task ls` tasks',
  tasks: '`taskport task ls` lists tasks',
  nodes: '`taskport node ls` lists nodes',
  secrets: '`taskport secret ls` lists secrets',
  tokens: '`taskport token ls` lists credentials',
}

/** What resolves a conflict, by the path; having no room has a type of its own. */
const RESOLVED_BY: Readonly<Record<string, string>> = {
  '/taskport/v1/executions': '`taskport task apply -f FILE` registers a task again',
  '/taskport/v1/executions/{id}': 'stop it first: `taskport stop`; or both at once: `taskport rm --force`',
  '/taskport/v1/executions/{id}/retry': 'wait for its end (`taskport logs -f`), or stop it: `taskport stop`',
}

function nextStep({ status, type }: Problem, endpoint: Endpoint, template: string): string | undefined {
  if (status === 401)
    return endpoint.token === undefined
      ? 'set TASKPORT_TOKEN, or run this where the server’s data directory is (--data-dir)'
      : 'the token is of another server or was revoked: eval "$(taskport env)" sets the right one'
  if (status === 403) return 'use an operator’s token (TASKPORT_TOKEN)'
  if (status === 409)
    return type.endsWith(':no-room')
      ? 'leave out --no-queue to wait; `taskport node ls` says what there is'
      : RESOLVED_BY[template]
  if (status === 404) return LISTED_BY[template.split('/')[3] ?? '']
  if (status === 429) return 'wait a moment and try again'
  return undefined
}
