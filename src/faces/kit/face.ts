import type { FastifyInstance } from 'fastify'
import type { ObjectStore } from '../../core/ports/object-store.ts'
import type { Vault } from '../../core/ports/vault.ts'
import type { MountSpec } from '../../core/step-spec.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Reactor } from '../../engine/reactor.ts'
import type { WebhookFormat } from '../../engine/webhook-format.ts'
import type { Credentials } from './credentials.ts'

/**
 * A face: one vendor's wire over the engine. Each face owns a Fastify instance of its own, with its own parsers, error
 * handler and 404, so that everything it answers — bad JSON and too large a body included — is in its vendor's voice.
 * The origin (origin.ts) hands a request to the face that claims it.
 */
export interface Face {
  readonly name: string
  readonly claims: readonly Claim[]
  /** What running tasks are told to ask, and nothing else: offered to containers that cannot reach the server itself. */
  readonly forTasks?: readonly Claim[]
  /** Routes, parsers, error handler. Called once, before listening; what goes on by itself begins in `onReady`: before that
   *  the engine may not have started. */
  mount(app: FastifyInstance): Promise<void> | void
  readonly reactor?: Reactor
  /** Bodies of webhooks in this vendor's form, by the name that a hook's `format` has. */
  readonly webhookFormats?: Readonly<Record<string, WebhookFormat>>
  /** Lines for the start banner and variables for `taskport env`, by variable name. */
  environment(origin: string): Promise<Readonly<Record<string, string>>>
}

/** Which requests are a face's. The most specific claim wins; two equal ones are a mistake found at start. */
export interface Claim {
  /** Any when absent. */
  readonly method?: string
  /** `exact`: the whole path. `prefix`: the path or anything below it (`/v3` claims `/v3` and `/v3/x`, not `/v3x`).
   *  `pattern`: a RegExp source on the path, tried after exact and before prefix. */
  readonly exact?: string
  readonly prefix?: string
  readonly pattern?: string
  /** Further conditions, e.g. on headers; a claim with a test goes before one without. `id` names it for collisions. */
  readonly when?: { readonly id: string; test(request: ClaimedRequest): boolean }
}

export interface ClaimedRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** What a step's `run` gets to run a program of ours: the beginning of its argv, and the mounts that show it. */
export interface BuiltInProgram {
  readonly argv: readonly string[]
  readonly mounts: readonly MountSpec[]
}

/** What every face is made from. */
export interface FaceContext {
  readonly engine: Engine
  readonly credentials: Credentials
  /** `http://host:port` for links where a request gives no better one. */
  readonly publicUrl: () => string
  /** What links in the answer to this request begin with: its Host where that is ours, else `publicUrl`. */
  readonly links: (request: { readonly headers: { readonly host?: string | undefined } }) => string
  readonly log: {
    info(o: object, m?: string): void
    warn(o: object, m?: string): void
    error(o: object, m?: string): void
  }
  readonly auth: 'dev' | 'strict'
  /** Bytes too large for a record. */
  readonly objects: ObjectStore
  /** A directory of this face's own in the data directory, made when first asked for; programs reach it by trusted binds. */
  readonly directoryOf: (face: string) => string
  /** How a step runs one of our own programs (built-in work is a program, never server code). */
  readonly program: (program: URL) => BuiltInProgram
  /** A key derived from the operator's key file for this purpose: always the same, 32 bytes. */
  readonly deriveKey: (purpose: string) => Uint8Array
  /** For secrets that documents hold and that must be read again. */
  readonly vault: Pick<Vault, 'seal' | 'open'>
}
