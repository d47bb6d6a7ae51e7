/**
 * Objects: bytes too large for a record — droplets, uploads, renditions. Immutable once written.
 *
 * O1. An object appears whole or not at all: a crash, a full disk or a broken upload leaves nothing that can be read.
 * O2. What `put` answered is durable.
 * O3. Every call names its tenant; another tenant's object is absent.
 */
import type { Readable } from 'node:stream'
import type { Tenant } from '../identity.ts'

export interface ObjectStore {
  /** Writes the stream under `key`, replacing what was there. Rejects with EngineError `exhausted` beyond `limitBytes`
   *  or on a full disk, and with the stream's own error; nothing is then there. */
  put(
    tenant: Tenant,
    key: string,
    bytes: Readable | Uint8Array,
    options?: { readonly limitBytes?: number },
  ): Promise<ObjectFacts>
  facts(tenant: Tenant, key: string): Promise<ObjectFacts | undefined>
  /** Bytes `from` to `until` (exclusive). Rejects with `not_found`. */
  read(tenant: Tenant, key: string, range?: { readonly from?: number; readonly until?: number }): Promise<Readable>
  /** Where a program on this machine can read it, if it lies on this machine's disk; never to be written. */
  path(tenant: Tenant, key: string): Promise<string | undefined>
  remove(tenant: Tenant, key: string): Promise<boolean>
  /** Keys below a prefix, in order. */
  keys(tenant: Tenant, prefix: string): AsyncIterable<string>
}

export interface ObjectFacts {
  readonly size: number
  /** Hex. */
  readonly sha256: string
}
