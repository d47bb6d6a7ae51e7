import type { Instant } from '../../core/instant.ts'
import type { Observation, Stats, Work } from '../../core/ports/executor.ts'
import type { LogNotice } from '../../core/ports/log-store.ts'
import type { StopHow } from '../../core/step-spec.ts'
import type { HostFacts } from './host-facts.ts'

/**
 * What server and cell say to each other over the cell's Unix socket: frames of JSON, each an array of messages.
 *
 * C1. One server at a time: a newer connection closes the older.
 * C2. The server begins with `hello`; the cell answers with `hello`, then with everything not acknowledged.
 * C3. A cell answers `taken` only after the attempt stands in its journal.
 * C4. A cell whose version differs is only drained: a server keeps speaking every older version it knows to `stop`,
 *     `ack` and `end`. Version 1 is the first.
 */
export const PROTOCOL_VERSION = 1

export type ToCell =
  | { readonly do: 'hello'; readonly protocol: number }
  /** `offers`: ports of the host's loopback that private networks may reach; absent: none. */
  | { readonly do: 'start'; readonly attempt: string; readonly work: Work; readonly offers?: readonly number[] }
  | { readonly do: 'stop'; readonly call: number; readonly attempt: string; readonly how: StopHow }
  | { readonly do: 'ack'; readonly receipts: readonly number[] }
  | { readonly do: 'close'; readonly call: number; readonly allocation: string }
  | { readonly do: 'stats'; readonly call: number; readonly attempt: string }
  | { readonly do: 'exec'; readonly session: number; readonly attempt: string; readonly command: ExecCommand }
  | { readonly do: 'execInput'; readonly session: number; readonly base64?: string; readonly end?: boolean }
  | { readonly do: 'execKill'; readonly session: number }
  /** Ends all programs and the cell itself. */
  | { readonly do: 'end' }
  /** Ends the cell if it holds nothing. */
  | { readonly do: 'retire' }

export interface ExecCommand {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workdir?: string
  readonly user?: string
  readonly stdin: boolean
  readonly timeoutMs?: number
}

export type FromCell =
  | Hello
  | { readonly say: 'taken'; readonly attempts: readonly string[] }
  | { readonly say: 'seen'; readonly observations: readonly CellObservation[] }
  | { readonly say: 'log'; readonly notice: LogNotice }
  | { readonly say: 'answer'; readonly call: number; readonly stats?: Stats; readonly problem?: string }
  | {
      readonly say: 'execOutput'
      readonly session: number
      readonly stream: 'stdout' | 'stderr'
      readonly base64: string
    }
  | { readonly say: 'execExit'; readonly session: number; readonly exit: import('../../core/exit.ts').Exit }

export interface Hello {
  readonly say: 'hello'
  readonly protocol: number
  readonly cell: string
  readonly boot: string
  readonly pid: number
  /** Attempts that run, with their start. Those that ended follow as observations. */
  readonly running: readonly (readonly [attempt: string, startedAt: Instant])[]
  readonly tombstones: readonly string[]
  /** Allocations whose private network this cell holds. */
  readonly networks?: readonly string[]
  /** Allocations whose limited disk this cell holds. */
  readonly disks?: readonly string[]
}

/** An observation as a cell numbers it: `receipt` counts up per cell. */
export type CellObservation = Omit<Observation, 'receipt'> & { readonly receipt: number }

/** What a server writes into a new cell's directory before it starts it. */
export interface CellConfig {
  readonly cell: string
  /** The cell's own directory: socket, journal, identity. */
  readonly directory: string
  /** The executor's data directory; never shown to a program. */
  readonly dataDirectory: string
  /** Holds one directory per open allocation. */
  readonly allocations: string
  /** Directories waiting to be deleted by a server. */
  readonly trash: string
  readonly host: HostFacts
  readonly sandbox: SandboxPolicy
  /** Opaque: for whoever builds the log writer. */
  readonly logs: unknown
}

export interface SandboxPolicy {
  /** `require`: a step that says `off` is refused. `prefer`: on where the host allows. `off`: only for steps that ask. */
  readonly mode: 'require' | 'prefer' | 'off'
  /** Who programs are when a step names nobody: `name`, `uid` or `uid:gid`. Absent: who the server is. */
  readonly user?: string
  /** Host directories that `bind` mounts may name, with all below them. */
  readonly allowedBinds: readonly string[]
  /** Directories that may replace the root file system. */
  readonly allowedRoots: readonly string[]
  /** IPv4 address that ports of private networks are published at; absent: the loopback. */
  readonly publishAddress?: string
}
