import type { Resources } from './resources.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** One unit of work in a plan. Immutable once submitted. */
export interface StepSpec {
  /** Unique in its plan. */
  readonly name: string
  /** Groups run in sequence, the steps of a group concurrently. */
  readonly group: number
  readonly conditions: readonly Condition[]
  /** Whether its failure is the execution's failure. */
  readonly essential: boolean
  /** When its end ends the whole execution: other steps get their stop signal. `onGroupFailure`: its failure lets the
   *  steps of its group go on to their end, and no further group begins. */
  readonly endsExecution: 'never' | 'onFailure' | 'onGroupFailure' | 'onExit'
  readonly resources: Resources
  /** Time limit of each attempt, from its start, ms. */
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  readonly stop: StopHow
  /** Limits on what may be awaited of this step: a condition on it that is not met in time is `never`, ms from its start. */
  readonly startTimeoutMs?: number
  readonly work: RunSpec | AwaitSpec
  /** A face's or user's own notes; the core does not look inside. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface Condition {
  /** Name of a step of the same or an earlier group. */
  readonly step: string
  /** `started` is also met by a step that has ended. */
  readonly until: 'started' | 'healthy' | 'completed' | 'succeeded'
}

export interface StopHow {
  /** `SIGTERM` unless the image or task says otherwise. */
  readonly signal: string
  /** Between the signal and SIGKILL to the whole tree, ms. */
  readonly graceMs: number
}

export const DEFAULT_STOP: StopHow = { signal: 'SIGTERM', graceMs: 10_000 }

/** A program or container. */
export interface RunSpec {
  readonly kind: 'run'
  /** Program and arguments. With an image: what replaces the image's command (empty: the image's own). */
  readonly argv: readonly string[]
  /** Replaces the image's entry point; put before `argv` where there is no image. */
  readonly entrypoint?: readonly string[]
  readonly image?: string
  readonly pull?: 'always' | 'missing' | 'never'
  /** Name of a secret that holds `{"username","password"}` for the image's registry. */
  readonly registrySecret?: string
  /** Which executor must run it; absent: the engine chooses (an image and a container engine → docker, else process). */
  readonly executor?: string
  readonly env: Readonly<Record<string, EnvValue>>
  /** Steps all of whose outputs it gets as variables of the same names; a later step's go before, `env` before all. */
  readonly outputsOf?: readonly string[]
  /** Absolute, inside the sandbox. Default: the allocation's workspace. */
  readonly workdir?: string
  /** `name`, `uid` or `uid:gid`. */
  readonly user?: string
  readonly sandbox?: SandboxSpec
  readonly mounts?: readonly MountSpec[]
  readonly ports?: readonly PortSpec[]
  readonly network?: NetworkSpec
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[]
  readonly health?: HealthCheck
  readonly logs?: LogLimits
  /** A sentence that every attempt's log begins with, as a system line: what its reader should know. */
  readonly notice?: string
  /** The program may append steps to the plan while it runs; refused to all others. */
  readonly appends?: boolean
  /** Put an init process in front (containers). */
  readonly init?: boolean
  /** Container options that only container executors know; checked by the executor that takes the step. */
  readonly container?: Readonly<Record<string, unknown>>
}

/** A literal, a secret by its name (masked wherever it is shown), or another step's output. */
export type EnvValue =
  | string
  | { readonly secret: string; readonly key?: string }
  | { readonly output: { readonly step: string; readonly key: string }; readonly optional?: boolean }

export interface SandboxSpec {
  /** `off`: no sandbox. Whoever lets users say so checks that they are operators. */
  readonly mode: 'on' | 'off'
  /** `private`: own /tmp and workspace are writable. `none`: no writable path at all. */
  readonly writable?: 'private' | 'none'
  /** Replaces the host's root file system, read-only. Only from directories that the operator allows. */
  readonly root?: string
  /** A root file system that stays read-only for containers as well. */
  readonly readOnlyRoot?: boolean
}

export interface MountSpec {
  /** `bind`: a host directory the operator allows. `workspace`: a directory shared by key (`source`);
   *  without a key the allocation's own workspace, shown there as well. `tmpfs`: memory. `volume`: named. */
  readonly kind: 'bind' | 'workspace' | 'tmpfs' | 'volume' | 'file'
  readonly target: string
  readonly source?: string
  /** For the allocation's own `workspace`: only this directory of it, shared by its steps and gone with it. */
  readonly part?: string
  readonly readOnly?: boolean
  /** A `bind` that a face or the engine asks for, not a user: not held against the operator's list. No wire can set it. */
  readonly trusted?: boolean
  /** Stays writable in a sandbox that otherwise has no writable path (`writable: 'none'`). No wire can set it. */
  readonly keepsWritable?: boolean
  readonly sizeBytes?: number
  /** For `file`: literal content shown read-only at `target`. */
  readonly content?: string
}

export interface PortSpec {
  readonly name?: string
  /** The port the program listens on. 0 with `host` mode: the allocated host port. */
  readonly port: number
  /** A fixed port on the node; absent or 0: one is allocated and reported. */
  readonly hostPort?: number
  readonly protocol: 'tcp' | 'udp'
  /** Name of an environment variable that tells the program its host port. */
  readonly env?: string
}

export interface NetworkSpec {
  /** `host`: the node's. `private`: one network per execution, ports forwarded. `none`: loopback only. */
  readonly mode: 'host' | 'private' | 'none'
  readonly hostname?: string
  readonly extraHosts?: Readonly<Record<string, string>>
  readonly aliases?: readonly string[]
  readonly dns?: readonly string[]
}

export interface HealthCheck {
  readonly argv: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly retries: number
  readonly startPeriodMs: number
}

export interface LogLimits {
  /** Lines per second above which lines are dropped with a system line that says how many. */
  readonly linesPerSecond?: number
  /** The same for bytes; 0: nothing is kept. */
  readonly bytesPerSecond?: number
}

/** Another execution, by key: started if absent, awaited until a condition. */
export interface AwaitSpec {
  readonly kind: 'await'
  /** Names the awaited execution within the tenant: the newest with this key that is not final, or one started now. */
  readonly key: string
  readonly until: 'running' | 'healthy' | 'completed' | 'succeeded'
  /** What is started when no execution has the key: a task by name, newest revision unless given. Absent: it must exist. */
  readonly task?: { readonly name: string; readonly revision?: number }
  /** What the started one is given besides. */
  readonly with?: {
    readonly name?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly refs?: Readonly<Record<string, string>>
  }
  /** Accept a final execution with this key that ended well instead of starting another. */
  readonly acceptFinal?: boolean
}
